// Part of cases.c: characters converted, names and dates left in a place, patterns, hosts, programs started.
#include <arpa/inet.h>
#include <err.h>
#include <fnmatch.h>
#include <glob.h>
#include <iconv.h>
#include <libintl.h>
#include <locale.h>
#include <mqueue.h>
#include <net/if.h>
#include <netdb.h>
#include <regex.h>
#include <spawn.h>
#include <sys/prctl.h>
#include <termios.h>

int __xpg_strerror_r(int, char *, size_t);
char *__xpg_basename(char *);

/* The one unit at the end of what the case may touch. */
#define WRITE_ONE(id, called, type, call) CASE(id, called, type, "write", "one", 0, call)

/* Characters. */
static locale_t plain(void) {
    static locale_t made;
    if (made == NULL) made = newlocale(LC_ALL_MASK, "C", NULL);
    return made;
}
static iconv_t latin(void) {
    static iconv_t open;
    if (open == NULL) open = iconv_open("UTF-8", "LATIN1");
    return open;
}
#define RECODED(from, n, to, m) iconv(latin(), &(char *){from}, &(size_t){n}, &(char *){to}, &(size_t){m})
READ_ONE(mbstowcs_from, mbstowcs, char, TEXT(char, mbstowcs(wide, p, 4000)))
READ_ONE(mbstowcs_counts, mbstowcs, char, TEXT(char, mbstowcs(NULL, p, 0)))
READ_ONE(mbsrtowcs_from, mbsrtowcs, char, TEXT(char, mbsrtowcs(wide, &(const char *){p}, 4000, NULL)))
READ_ONE(mbsnrtowcs_from, mbsnrtowcs, char, TEXT(char, mbsnrtowcs(wide, &(const char *){p}, 4000, 4000, NULL)))
READ_ONE(wcstombs_from, wcstombs, wchar_t, TEXT(wchar_t, wcstombs(other, p, 4000)))
READ_ONE(wcsrtombs_from, wcsrtombs, wchar_t, TEXT(wchar_t, wcsrtombs(other, &(const wchar_t *){p}, 4000, NULL)))
WRITE(mbstowcs_to, mbstowcs, wchar_t, mbstowcs(p, text(n - 1), 1000))
WRITE(mbstowcs_cuts, mbstowcs, wchar_t, mbstowcs(p, text(200), n))
WRITE(mbsrtowcs_to, mbsrtowcs, wchar_t, mbsrtowcs(p, &(const char *){text(n - 1)}, 1000, NULL))
WRITE(mbsnrtowcs_to, mbsnrtowcs, wchar_t, mbsnrtowcs(p, &(const char *){text(200)}, n, 1000, NULL))
WRITE(wcstombs_to, wcstombs, char, wcstombs(p, wtext(n - 1), 4000))
WRITE(wcsrtombs_to, wcsrtombs, char, wcsrtombs(p, &(const wchar_t *){wtext(n - 1)}, 4000, NULL))
WRITE(wcsnrtombs_to, wcsnrtombs, char, wcsnrtombs(p, &(const wchar_t *){wtext(200)}, n, 4000, NULL))
READ_ONE(mbrtowc, mbrtowc, char, FILLED(char, mbrtowc(wide, RECORD(1), 1, NULL)))
READ_ONE(mbtowc, mbtowc, char, FILLED(char, mbtowc(wide, RECORD(1), 6)))
READ_ONE(mblen, mblen, char, FILLED(char, mblen(RECORD(1), 6)))
WRITE_ONE(mbrtowc_to, mbrtowc, wchar_t, mbrtowc(way == GOOD || way == AFTER ? p + n - 1 : p, "a", 1, NULL))
WRITE_ONE(wcrtomb, wcrtomb, char, wcrtomb(RECORD(1), L'a', NULL))
WRITE_ONE(wctomb, wctomb, char, wctomb(RECORD(1), L'a'))
WRITE_ONE(sscanf_position, sscanf, wchar_t, sscanf("12 ", "%d %n", (int *)wide, RECORD(1)))
READ_ONE(a64l, a64l, char, FILLED(char, a64l(RECORD(6))))
READ(iconv_from, iconv, char, FILLED(char, RECODED(p, n, other, sizeof other)))
WRITE(iconv_to, iconv, char, RECODED(text(4000), 4000, p, n))
READ(swab_from, swab, char, FILLED(char, (swab(RECORD(20), other, 20), 0)))
WRITE(swab_to, swab, char, (swab(other, RECORD(20), 21), 0))
READ_ONE(wcswidth, wcswidth, wchar_t, TEXT(wchar_t, wcswidth(p, 1000)))
READ_ONE(strtol_l, strtol_l, char, DIGITS(char, strtol_l(p, NULL, 10, plain())))

/* Texts whose end tells what they mean: sixty ones, and a number of one digit or more. */
static const char *ones_and_year(void) {
    static char format[64];
    memset(format, '1', UNITS - 1);
    strcpy(format + UNITS - 1, "%Y");
    return format;
}
#define ZEROS(call) (fill(1, '0', way == AFTER ? UNITS : UNITS - 1), call)
READ_ONE(strptime, strptime, char, DIGITS(char, strptime(p, ones_and_year(), &(struct tm){0})))
READ_ONE(strptime_format, strptime, char, TEXT(char, strptime("", p, &(struct tm){0})))
READ_ONE(inet_aton, inet_aton, char, ZEROS(inet_aton(p, &(struct in_addr){0})))
READ_ONE(inet_addr, inet_addr, char, ZEROS(inet_addr(p)))

/* Dates. */
static const struct tm epoch = {.tm_mday = 1};
WRITE(strftime, strftime, char, strftime(p, 4000, text(n - 1), &epoch))
READ_ONE(strftime_format, strftime, char, TEXT(char, strftime(other, 4000, p, &epoch)))
READ(strftime_date, strftime, char, FILLED(char, strftime(other, 4000, "x", RECORD(56))))
WRITE(wcsftime, wcsftime, wchar_t, wcsftime(p, 1000, wtext(n - 1), &epoch))
WRITE(asctime_r, asctime_r, char, asctime_r(&epoch, RECORD(26)))
WRITE(ctime_r, ctime_r, char, ctime_r(&(time_t){0}, RECORD(26)))

/* Names, each of a known length. */
WRITE(confstr, confstr, char, confstr(_CS_PATH, RECORD(14), 4000))
WRITE(strerror_r, strerror_r, char, strerror_r(999999999, RECORD(24), 4000))
WRITE(xpg_strerror_r, __xpg_strerror_r, char, __xpg_strerror_r(999999999, RECORD(24), 4000))
WRITE(realpath, realpath, char, realpath("/proc/./sys", RECORD(10)))
READ_ONE(realpath_name, realpath, char, TEXT(char, realpath(p, other)))
READ_ONE(prctl_set, prctl, char, TEXT(char, prctl(PR_SET_NAME, RECORD(11))))
WRITE(prctl_get, prctl, char, prctl(PR_GET_NAME, RECORD(16)))
READ_ONE(if_nametoindex, if_nametoindex, char, TEXT(char, if_nametoindex(p)))
READ_ONE(setlocale, setlocale, char, TEXT(char, setlocale(LC_ALL, p)))
READ_ONE(gettext, gettext, char, TEXT(char, gettext(p)))
READ_ONE(basename, basename, char, TEXT(char, basename(p)))
READ_ONE(xpg_basename, __xpg_basename, char, TEXT(char, __xpg_basename(p)))
READ_ONE(mkfifoat, mkfifoat, char, TEXT(char, mkfifoat(-1, p, 0)))
READ_ONE(warnx, warnx, char, TEXT(char, (warnx("%s", p), 0)))

/* Patterns. */
static regex_t *letter(void) {
    static regex_t made;
    if (made.buffer == NULL && regcomp(&made, "a", 0) != 0) abort();
    return &made;
}
#define compiled(pattern) ({ regex_t made; if (regcomp(&made, pattern, REG_NOSUB) == 0) regfree(&made); 0; })
#define globbed(pattern) ({ glob_t made; if (glob(pattern, 0, NULL, &made) == 0) globfree(&made); 0; })
READ_ONE(regcomp, regcomp, char, TEXT(char, compiled(p)))
READ_ONE(regexec, regexec, char, TEXT(char, regexec(letter(), p, 0, NULL, 0)))
WRITE(regexec_matches, regexec, char, regexec(letter(), "a", 3, RECORD(24), 0))
READ_ONE(fnmatch, fnmatch, char, TEXT(char, fnmatch("*z", p, 0)))
READ_ONE(glob, glob, char, TEXT(char, globbed(p)))

/* Hosts. */
#define NUMERIC (&(struct addrinfo){.ai_flags = AI_NUMERICHOST})
READ_ONE(inet_pton_from, inet_pton, char, TEXT(char, inet_pton(AF_INET, p, other)))
WRITE(inet_pton_to, inet_pton, char, inet_pton(AF_INET6, "::1", RECORD(16)))
READ(inet_ntop_from, inet_ntop, char, FILLED(char, inet_ntop(AF_INET6, RECORD(16), other, 100)))
READ_ONE(getaddrinfo, getaddrinfo, char, TEXT(char, getaddrinfo(p, NULL, NUMERIC, &(struct addrinfo *){NULL})))
READ(getnameinfo, getnameinfo, char, FILLED(char, getnameinfo(RECORD(16), 16, other, 100, NULL, 0, NI_NUMERICHOST)))

/* Records. */
WRITE(getentropy, getentropy, char, getentropy(p, n))
WRITE(getloadavg, getloadavg, char, getloadavg(RECORD(24), 3))
WRITE(fgetpos, fgetpos, char, with_file(f, fgetpos(f, RECORD(8))))
WRITE(ppoll, ppoll, char, FILLED(char, ppoll(RECORD(8), 1, &(struct timespec){0}, NULL)))
READ(tcsetattr, tcsetattr, char, FILLED(char, tcsetattr(letters, TCSANOW, RECORD(36))))
READ(fcntl, fcntl, char, FILLED(char, fcntl(letters, F_SETLK, RECORD(32))))
WRITE(fcntl_asked, fcntl, char, FILLED(char, fcntl(letters, F_GETLK, RECORD(32))))
READ(sigprocmask_new, sigprocmask, char, FILLED(char, sigprocmask(-1, RECORD(8), NULL)))
WRITE(sigprocmask_old, sigprocmask, char, sigprocmask(0, NULL, RECORD(8)))
WRITE(pthread_sigmask_old, pthread_sigmask, char, pthread_sigmask(0, NULL, RECORD(8)))
READ(sigaltstack_new, sigaltstack, char, FILLED(char, sigaltstack(RECORD(sizeof(stack_t)), NULL)))
WRITE(sigaltstack_old, sigaltstack, char, sigaltstack(NULL, RECORD(sizeof(stack_t))))
WRITE(sigpending, sigpending, char, sigpending(RECORD(8)))
READ(mq_send, mq_send, char, FILLED(char, mq_send(-1, p, n, 0)))

/* Programs: none is there. A vector ends with a null pointer where it may. */
#define NOWHERE "/nowhere/at/all"
#define VECTOR(call) FILLED(char, (way == GOOD ? (void)memset(p + UNITS - 8, 0, 8) : (void)0, call))
READ(execv_vector, execv, char, VECTOR(execv(NOWHERE, RECORD(16))))
READ_ONE(execv_argument, execv, char, TEXT(char, execv(NOWHERE, (char *[]){p, NULL})))
READ_ONE(execve_variable, execve, char, TEXT(char, execve(NOWHERE, (char *[]){NULL}, (char *[]){other, p, NULL})))
READ_ONE(execl, execl, char, TEXT(char, execl(NOWHERE, "1", "2", "3", "4", "5", p, "7", NULL)))
READ_ONE(posix_spawn, posix_spawn, char, TEXT(char, posix_spawn(&(pid_t){0}, NOWHERE, NULL, NULL, (char *[]){p, NULL}, environ)))
