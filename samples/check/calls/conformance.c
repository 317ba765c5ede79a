// Part of tests/tests/libc_calls.rs: the checked functions with all kinds of arguments, every result
// printed. The same lines must come with and without LDT.
//
// Everything happens twice: in static memory, which LDT has no interest in, and in blocks of the heap that
// are smaller than the limits given to the calls, so that LDT must look closely and wait for results.
// BUILD: -w -pthread
#define _GNU_SOURCE
#include "cases.h"

#include <netinet/in.h>
#include <sys/epoll.h>
#include <sys/msg.h>
#include <sys/xattr.h>
#include <arpa/inet.h>
#include <ctype.h>
#include <err.h>
#include <error.h>
#include <fnmatch.h>
#include <glob.h>
#include <iconv.h>
#include <netdb.h>
#include <pwd.h>
#include <regex.h>
#include <spawn.h>
#include <sys/prctl.h>
#include <termios.h>
#include <inttypes.h>
#include <limits.h>
#include <poll.h>
#include <sys/select.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <locale.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stddef.h>
#include <sys/stat.h>

void *mempcpy(void *, const void *, size_t);
int __vsnprintf_chk(char *, size_t, int, size_t, const char *, va_list);
int __fprintf_chk(FILE *, int, const char *, ...);
ssize_t __pread_chk(int, void *, size_t, off_t, size_t);
ssize_t __recv_chk(int, void *, size_t, size_t, int);
ssize_t __recvfrom_chk(int, void *, size_t, size_t, int, struct sockaddr *, socklen_t *);
char *__getcwd_chk(char *, size_t, size_t);
ssize_t __readlink_chk(const char *, char *, size_t, size_t);
char *__stpcpy_chk(char *, const char *, size_t);
char *__strncat_chk(char *, const char *, size_t, size_t);
int __swprintf_chk(wchar_t *, size_t, int, size_t, const wchar_t *, ...);

static int ascending(const void *a, const void *b) { return *(const int *)a - *(const int *)b; }

static char statics[8][512];
static int on_heap;
static void *blocks[8];

/* A place for `bytes` bytes: number `n`. */
static void *at(int n, size_t bytes) {
    if (!on_heap) return memset(statics[n], 0, 512);
    free(blocks[n]);
    return blocks[n] = calloc(1, bytes);
}
static char *str(int n, const char *text) { return strcpy(at(n, strlen(text) + 1), text); }
static wchar_t *wstr(int n, const wchar_t *text) { return wcscpy(at(n, 4 * wcslen(text) + 4), text); }

#define SAY(...) dprintf(1, __VA_ARGS__)
#define NUMBER(call) (errno = 0, SAY("%s: %lld, errno %d\n", #call, (long long)(call), errno))
#define REAL(call) (errno = 0, SAY("%s: %.17g, errno %d\n", #call, (double)(call), errno))
#define TEXTUAL(call) (errno = 0, SAY("%s: %s, errno %d\n", #call, (char *)(call), errno))
#define WIDE(call) (errno = 0, SAY("%s: %ls, errno %d\n", #call, (wchar_t *)(call), errno))
/* Where a result lies in what it was looked for in. */
#define PLACE(call, in) ({ char *found = (char *)(call); SAY("%s: %ld\n", #call, found ? (long)(found - (char *)(in)) : -1L); })

static void memory(void) {
    char *a = str(0, "abcdefgh"), *b = at(1, 40);
    PLACE(memcpy(b, a, 9), b); TEXTUAL(b);
    PLACE(mempcpy(b, a, 3), b); TEXTUAL(b);
    PLACE(memmove(b + 1, b, 5), b); TEXTUAL(b);
    PLACE(memset(b, 'x', 4), b); TEXTUAL(b);
    PLACE(memccpy(b, a, 'c', 9), b); TEXTUAL(b);
    PLACE(memccpy(b, a, 'z', 2), b);
    PLACE(__memcpy_chk(b, a, 4, 40), b); PLACE(__memmove_chk(b, a, 4, 40), b); PLACE(__memset_chk(b, 'q', 2, 40), b); TEXTUAL(b);
    bcopy(a, b, 9); TEXTUAL(b); bzero(b, 3); explicit_bzero(b + 3, 1); TEXTUAL(b + 4);
    NUMBER(memcmp(a, "abcz", 4) < 0); NUMBER(memcmp(a, "abc", 3)); NUMBER(bcmp(a, "abd", 3) != 0); NUMBER(memcmp(a, b, 0));
    PLACE(memchr(a, 'd', 9), a); PLACE(memchr(a, 'd', SIZE_MAX), a); PLACE(memchr(a, 'z', 9), a); PLACE(memrchr(a, 'c', 9), a);
    PLACE(rawmemchr(a, 'h'), a); PLACE(memmem(a, 9, "def", 3), a); PLACE(memmem(a, 9, "xyz", 3), a); PLACE(memmem(a, 2, "abc", 3), a);
    wchar_t *w = wstr(2, L"wide text"), *v = at(3, 80);
    PLACE(wmemcpy(v, w, 10), v); WIDE(v); PLACE(wmempcpy(v, w, 2), v); PLACE(wmemmove(v + 1, v, 4), v); WIDE(v);
    PLACE(wmemset(v, L'o', 3), v); WIDE(v); NUMBER(wmemcmp(v, w, 2) != 0); PLACE(wmemchr(w, L't', 10), w); PLACE(wmemchr(w, L'q', 10), w);
}

static void texts(void) {
    char *a = str(0, "Hello, World"), *b = at(1, 60), *c;
    NUMBER(strlen(a)); NUMBER(strnlen(a, 5)); NUMBER(strnlen(a, SIZE_MAX));
    PLACE(strcpy(b, a), b); TEXTUAL(b); PLACE(stpcpy(b, a), b); PLACE(strncpy(b, "xyz", 10), b); TEXTUAL(b); PLACE(stpncpy(b, a, 5), b);
    PLACE(strcat(b, "+"), b); PLACE(strncat(b, a, 3), b); TEXTUAL(b); PLACE(__strcpy_chk(b, a, 60), b); PLACE(__stpcpy_chk(b, a, 60), b);
    PLACE(__strcat_chk(b, "-", 60), b); PLACE(__strncat_chk(b, a, 2, 60), b); PLACE(__strncpy_chk(b, a, 20, 60), b); TEXTUAL(b);
    TEXTUAL(c = strdup(a)); free(c); TEXTUAL(c = strndup(a, 4)); free(c); TEXTUAL(c = strndup(a, SIZE_MAX)); free(c);
    NUMBER(strcmp(a, "Hello, World")); NUMBER(strcmp(a, "Help") < 0); NUMBER(strncmp(a, "Help", 3)); NUMBER(strcasecmp(a, "hELLO, wORLD"));
    NUMBER(strncasecmp(a, "HELP", 4) < 0); NUMBER(strcoll(a, "Z") < 0); NUMBER(strxfrm(b, a, 50)); TEXTUAL(b); NUMBER(strxfrm(NULL, a, 0));
    PLACE(strchr(a, 'W'), a); PLACE(strchr(a, 0), a); PLACE(strchr(a, 'z'), a); PLACE(strchrnul(a, 'z'), a); PLACE(strrchr(a, 'o'), a);
    PLACE(strstr(a, "World"), a); PLACE(strstr(a, ""), a); PLACE(strstr(a, "worldly"), a); PLACE(strcasestr(a, "WORLD"), a);
    NUMBER(strspn(a, "Hel")); NUMBER(strcspn(a, ",")); NUMBER(strcspn(a, "")); PLACE(strpbrk(a, "dW"), a); PLACE(strpbrk(a, "z"), a);
    c = str(2, "one two,three"); char *kept; PLACE(strtok(c, " ,"), c); PLACE(strtok(NULL, " ,"), c); PLACE(strtok(NULL, " ,"), c); PLACE(strtok(NULL, " ,"), c);
    c = str(2, "one two,three"); PLACE(strtok_r(c, " ,", &kept), c); PLACE(strtok_r(NULL, " ,", &kept), c); TEXTUAL(kept);
    c = str(2, "a,,b"); kept = c; PLACE(strsep(&kept, ","), c); PLACE(strsep(&kept, ","), c); PLACE(strsep(&kept, ","), c); NUMBER(kept == NULL);
    wchar_t *w = wstr(4, L"Wide, text"), *v = at(5, 200), *k;
    NUMBER(wcslen(w)); NUMBER(wcsnlen(w, 3)); PLACE(wcscpy(v, w), v); PLACE(wcpcpy(v, w), v); PLACE(wcsncpy(v, w, 20), v); PLACE(wcpncpy(v, w, 20), v);
    PLACE(wcscat(v, L"!"), v); PLACE(wcsncat(v, w, 2), v); WIDE(v); WIDE(k = wcsdup(w)); free(k); NUMBER(wcscmp(w, L"Wider") < 0); NUMBER(wcsncmp(w, L"Wid", 3));
    NUMBER(wcscasecmp(w, L"wIDE, TEXT")); PLACE(wcschr(w, L't'), w); PLACE(wcsrchr(w, L't'), w); PLACE(wcsstr(w, L"text"), w); NUMBER(wcsspn(w, L"diW"));
    NUMBER(wcscspn(w, L",")); PLACE(wcspbrk(w, L"xe"), w); k = NULL; PLACE(wcstok(w, L", ", &k), w); PLACE(wcstok(NULL, L", ", &k), w);
}

static void numbers(void) {
    char *a = str(0, " -42abc"), *end;
    NUMBER(atoi(a)); NUMBER(atol(a)); NUMBER(atoll(a)); NUMBER(strtol(a, &end, 10)); PLACE(end, a); NUMBER(strtoul(str(0, "0x1fz"), &end, 0)); TEXTUAL(end);
    NUMBER(strtoll(str(0, "99999999999999999999"), &end, 10)); NUMBER(strtoull(str(0, "777"), NULL, 8)); NUMBER(strtol(str(0, "zz"), &end, 36)); NUMBER(strtol(str(0, "5"), &end, 1));
    REAL(strtod(str(0, "1.5e3x"), &end)); TEXTUAL(end); REAL(strtof(str(0, "0x1.8p1"), NULL)); REAL(strtold(str(0, "inf"), NULL)); REAL(atof(str(0, "-2.25"))); REAL(strtod(str(0, "1e999"), NULL));
    wchar_t *w; NUMBER(wcstol(wstr(1, L"-7;"), &w, 10)); WIDE(w); REAL(wcstod(wstr(1, L"2.5"), NULL)); NUMBER(strtoimax(str(0, "12"), NULL, 10));
}

static int listed(int (*print)(char *, size_t, const char *, va_list), char *b, size_t n, const char *format, ...) {
    va_list list; va_start(list, format); int result = print(b, n, format, list); va_end(list); return result;
}
static void prints(void) {
    char *s = str(0, "text"), *b = at(1, 90); wchar_t *w = wstr(2, L"w\u00efde"), *v = at(3, 400); int n; char *made;
    NUMBER(sprintf(b, "%s %d %c %5.2f %ld %p %x %%", s, -5, 'c', 3.14159, 1L << 40, (void *)16, 255)); TEXTUAL(b);
    NUMBER(sprintf(b, "%d %d %d %d %d %d %g %s %Lg %g", 1, 2, 3, 4, 5, 6, 7.5, s, 8.25L, 9.5)); TEXTUAL(b);
    NUMBER(sprintf(b, "%g %g %g %g %g %g %g %g %g %s", 1., 2., 3., 4., 5., 6., 7., 8., 9., s)); TEXTUAL(b);
    NUMBER(snprintf(b, SIZE_MAX / 2, "%-10s|%.2s|%*d|%.*s", s, s, 6, 42, 3, s)); TEXTUAL(b); NUMBER(snprintf(b, 4, "%s%s", s, s)); TEXTUAL(b); NUMBER(snprintf(NULL, 0, "%s", s));
    NUMBER(sprintf(b, "%2$s %1$d %2$.2s", 7, s)); TEXTUAL(b); NUMBER(sprintf(b, "%ls|%.3ls|%S", w, w, w)); TEXTUAL(b); NUMBER(sprintf(b, "ab%ncd", &n)); NUMBER(n);
    NUMBER(sprintf(b, "%s", (char *)NULL)); TEXTUAL(b); NUMBER(sprintf(b, "%m")); TEXTUAL(b); NUMBER(sprintf(b, "%hhd %hd %lld %zu %jd %td", 300, 70000, 1LL, (size_t)2, (intmax_t)3, (ptrdiff_t)4)); TEXTUAL(b);
    NUMBER(__sprintf_chk(b, 1, 90, "%s-%g", s, 1.5)); TEXTUAL(b); NUMBER(__snprintf_chk(b, 80, 1, 90, "%s+%g", s, 2.5)); TEXTUAL(b);
    NUMBER(listed(vsnprintf, b, 4000, "%s %g %d", s, 1.25, 3)); TEXTUAL(b); NUMBER(asprintf(&made, "%s/%g", s, 0.5)); TEXTUAL(made); free(made);
    NUMBER(swprintf(v, 100, L"%ls %d %g %s", w, 4, 2.5, s)); WIDE(v); NUMBER(swprintf(v, 1000, L"%d %d %d %d %g %ls", 1, 2, 3, 4, 5.5, w)); WIDE(v); NUMBER(swprintf(v, 3, L"%ls", w));
    NUMBER(__swprintf_chk(v, 60, 1, 100, L"%ls!%g", w, 1.5)); WIDE(v);
    NUMBER(printf("%s %d %g\n", s, 1, 2.5)); NUMBER(__printf_chk(1, "%s %g\n", s, 3.5)); NUMBER(fprintf(stdout, "%s %g\n", s, 4.5)); NUMBER(__fprintf_chk(stdout, 1, "%s %g\n", s, 5.5));
    NUMBER(puts(s) >= 0); NUMBER(fputs(s, stdout) >= 0); NUMBER(putchar('\n')); fflush(stdout);
    char *x = at(4, 20), *y = at(5, 20); int i, j; double d; float f; short h; long l;
    NUMBER(sscanf(str(6, "12 word 3.5 0x1f tail"), "%d %s %lf %i %[a-z]", &i, x, &d, &j, y)); NUMBER(i); NUMBER(j); REAL(d); TEXTUAL(x); TEXTUAL(y);
    NUMBER(sscanf(str(6, "1,2,abcdef"), "%hd,%ld,%3c%n", &h, &l, x, &i)); NUMBER(h); NUMBER(l); NUMBER(i); NUMBER(sscanf("", "%d", &i)); NUMBER(sscanf("q", "%d", &i)); NUMBER(sscanf("1.5 x", "%f %ms", &f, &made)); REAL(f); TEXTUAL(made); free(made);
    NUMBER(sscanf("1 2 3 4 5 6 7 8 9", "%d%d%d%d%d%d%d%hd%ld", &i, &i, &i, &i, &i, &i, &j, &h, &l)); NUMBER(j); NUMBER(h); NUMBER(l);
    NUMBER(swscanf(L"77 wide", L"%d %ls", &i, v)); NUMBER(i); WIDE(v);
}

static void files(void) {
    char *b = at(1, 64); FILE *f = tmpfile(); int fd = fileno(f), pipes[2]; struct iovec two[2]; size_t room = 0; char *line = NULL;
    NUMBER(fwrite("line one\nline two\n\nlast", 1, 23, f)); rewind(f);
    TEXTUAL(fgets(b, 4000, f)); TEXTUAL(fgets(b, 3, f)); NUMBER(getline(&line, &room, f)); TEXTUAL(line); NUMBER(getline(&line, &room, f)); NUMBER(getdelim(&line, &room, 's', f)); TEXTUAL(line); free(line);
    NUMBER(fread(b, 1, 4000, f)); NUMBER(fgets(b, 10, f) == NULL); rewind(f); NUMBER(fread(b, 3, 2, f)); NUMBER(__fread_chk(b, 64, 2, 3, f)); rewind(f); TEXTUAL(__fgets_chk(b, 64, 20, f));
    if (on_heap) { line = strdup("x"); room = 2; rewind(f); NUMBER(getline(&line, &room, f)); TEXTUAL(line); free(line); }
    fflush(f); memset(b, 0, 64); NUMBER(pread(fd, b, 4000, 5)); TEXTUAL(b); NUMBER(pread64(fd, b, 4, 0)); NUMBER(pwrite(fd, "LINE", 4, 0)); NUMBER(lseek(fd, 0, SEEK_SET)); NUMBER(read(fd, b, SSIZE_MAX)); TEXTUAL(b);
    NUMBER(__read_chk(fd, b, 10, 64)); NUMBER(read(-1, b, 10)); NUMBER(read(fd, b, 0)); NUMBER(write(fd, b, 3)); NUMBER(write(-1, b, 3)); NUMBER(read(fd, (void *)8, 10)); NUMBER(write(fd, (void *)8, 10));
    char *c = at(2, 8); two[0] = (struct iovec){c, 4}; two[1] = (struct iovec){b, 4000};
    lseek(fd, 0, SEEK_SET); memset(b, 0, 64); NUMBER(readv(fd, two, 2)); TEXTUAL(b); NUMBER(preadv(fd, two, 2, 3)); two[1].iov_len = 5; NUMBER(writev(fd, two, 2)); NUMBER(readv(fd, two, -1)); NUMBER(readv(fd, NULL, 1));
    NUMBER(pipe(pipes)); NUMBER(write(pipes[1], "pipe!", 5)); memset(b, 0, 64); NUMBER(read(pipes[0], b, 4000)); TEXTUAL(b);
    NUMBER(socketpair(AF_UNIX, SOCK_DGRAM, 0, pair)); struct msghdr m = {.msg_iov = two, .msg_iovlen = 2}; two[1].iov_len = 4000;
    NUMBER(send(pair[0], "datagram", 8, 0)); memset(b, 0, 64); NUMBER(recv(pair[1], b, 4000, 0)); TEXTUAL(b); NUMBER(sendto(pair[0], "again", 5, 0, NULL, 0)); NUMBER(recvfrom(pair[1], b, 2, MSG_TRUNC, NULL, NULL));
    NUMBER(send(pair[0], "message", 7, 0)); memset(b, 0, 64); NUMBER(recvmsg(pair[1], &m, 0)); TEXTUAL(b); two[1].iov_len = 3; NUMBER(sendmsg(pair[0], &m, 0)); NUMBER(__recvfrom_chk(pair[1], b, 50, 64, MSG_DONTWAIT, NULL, NULL)); NUMBER(recv(pair[1], b, 50, MSG_DONTWAIT));
    NUMBER(send(pair[0], "seventh", 7, 0)); struct sockaddr_storage from; socklen_t length = sizeof from; NUMBER(__recvfrom_chk(pair[1], b, 4000, SIZE_MAX, 0, (void *)&from, &length)); NUMBER(length);
    NUMBER(chdir("/usr")); TEXTUAL(getcwd(b, 64)); TEXTUAL(getcwd(b, 4000)); NUMBER(getcwd(b, 2) == NULL); line = getcwd(NULL, 0); TEXTUAL(line); free(line); TEXTUAL(__getcwd_chk(b, 64, 64));
    memset(b, 0, 64); NUMBER(readlink("/proc/self/cwd", b, 4000)); TEXTUAL(b); NUMBER(readlink("/nowhere", b, 10)); NUMBER(readlinkat(-100, "/proc/self/cwd", b, 2));
    fclose(f); close(pipes[0]); close(pipes[1]); close(pair[0]); close(pair[1]);
}

/* For wild pointers the kernel has an error, and so must the call. */
static void wild(void) {
    int pipes[2]; NUMBER(pipe(pipes)); struct iovec far = {(void *)16, 4}; struct msghdr m = {.msg_iov = (void *)7, .msg_iovlen = 2};
    NUMBER(writev(pipes[1], (void *)1, 2)); NUMBER(writev(pipes[1], (void *)-1, 1)); NUMBER(readv(pipes[0], (void *)7, 2)); NUMBER(writev(pipes[1], &far, 1));
    NUMBER(pwritev(pipes[1], (void *)-16, 3, 0)); NUMBER(sendmsg(pipes[1], (void *)1, 0)); NUMBER(sendmsg(pipes[1], &m, 0)); NUMBER(recvmsg(pipes[0], (void *)-1, 0));
    char *bad[] = {(char *)1, NULL}, *name[] = {"true", NULL}; NUMBER(execve("/nowhere", name, bad)); NUMBER(execve("/nowhere", name, (char **)1)); NUMBER(execve(NULL, bad, bad));
    pid_t child; NUMBER(execve((char *)8, name, name)); NUMBER(posix_spawn(&child, (char *)8, NULL, NULL, name, name));
    char *nowhere = (char *)0x5000; struct stat *facts = at(1, sizeof *facts); char *few = at(2, 16); struct timespec *times = memset(at(3, 2 * sizeof *times), 0, 2 * sizeof *times);
    NUMBER(stat(nowhere, facts)); NUMBER(lstat(nowhere, facts)); NUMBER(fstatat(AT_FDCWD, nowhere, facts, 0)); NUMBER(readlink(nowhere, few, 16)); NUMBER(readlinkat(AT_FDCWD, nowhere, few, 16));
    NUMBER(getxattr(nowhere, "user.x", few, 16)); NUMBER(getxattr("/", nowhere, few, 16)); NUMBER(setxattr(nowhere, "user.x", few, 3, 0)); NUMBER(utimensat(AT_FDCWD, nowhere, times, 0)); NUMBER(statx(AT_FDCWD, nowhere, 0, STATX_ALL, at(4, sizeof(struct statx))));
    close(pipes[0]); close(pipes[1]);
}

/* Records of a known size. */
static void records(void) {
    struct stat *facts = at(1, sizeof *facts); NUMBER(stat("/", facts)); NUMBER(S_ISDIR(facts->st_mode)); NUMBER(fstat(-1, facts)); NUMBER(lstat("/nowhere", facts));
    NUMBER(fstatat(AT_FDCWD, "/", facts, 0)); NUMBER(stat("/", (void *)8));
    struct pollfd *wait = at(2, 2 * sizeof *wait); wait[0] = wait[1] = (struct pollfd){-1, POLLIN, 7}; NUMBER(poll(wait, 2, 0)); NUMBER(wait[1].revents); NUMBER(poll(NULL, 0, 0));
    time_t *when = at(3, sizeof *when); *when = 86400; struct tm *date = at(4, sizeof *date); TEXTUAL(ctime(when)); NUMBER(gmtime_r(when, date) == date); NUMBER(date->tm_mday); TEXTUAL(asctime(date)); NUMBER(time(when) > 86400);
    int *ends = at(5, 2 * sizeof *ends); NUMBER(pipe(ends)); close(ends[0]); close(ends[1]); NUMBER(pipe2(ends, O_CLOEXEC)); fd_set *set = at(6, sizeof *set); FD_SET(ends[0], set); struct timeval none = {0};
    NUMBER(select(ends[0] + 1, set, NULL, NULL, &none)); close(ends[0]); close(ends[1]); NUMBER(bind(-1, (void *)set, 16)); NUMBER(waitpid(-1, ends, WNOHANG)); NUMBER(nanosleep((void *)memset(at(7, 16), 0, 16), NULL));
    int *numbers = at(1, 5 * sizeof *numbers); for (int i = 0; i < 5; i++) numbers[i] = 5 - i; qsort(numbers, 5, sizeof *numbers, ascending); NUMBER(numbers[0]); NUMBER(numbers[4]);
}

/* Several records, and records that say how long they are: some are not asked for. */
static void requests(void) {
    int listening = socket(AF_INET, SOCK_STREAM, 0), calling = socket(AF_INET, SOCK_STREAM, 0), type = 0;
    struct sockaddr_in *here = at(1, sizeof *here); *here = (struct sockaddr_in){.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t *length = at(2, sizeof *length); *length = sizeof *here; NUMBER(bind(listening, (void *)here, sizeof *here)); NUMBER(listen(listening, 3));
    NUMBER(getsockname(listening, (void *)here, length)); NUMBER(*length); NUMBER(connect(calling, (void *)here, *length));
    *length = 1 << 20; NUMBER(accept(listening, NULL, (void *)8) >= 0); NUMBER(getpeername(calling, (void *)here, length)); NUMBER(*length); NUMBER(getpeername(calling, (void *)here, (void *)8));
    char *few = at(3, 3); *length = 3; NUMBER(getsockname(calling, (void *)few, length)); NUMBER(*length); *length = 4; NUMBER(getsockopt(calling, SOL_SOCKET, SO_TYPE, &type, length)); NUMBER(type);
    NUMBER(recvfrom(calling, few, 3, MSG_DONTWAIT, NULL, (void *)8)); NUMBER(getsockopt(calling, SOL_SOCKET, 9999, NULL, length)); close(listening); close(calling);
    struct itimerval *none = at(4, sizeof *none), *old = at(5, sizeof *old); memset(none, 0, sizeof *none); NUMBER(setitimer(ITIMER_VIRTUAL, none, NULL)); NUMBER(setitimer(ITIMER_VIRTUAL, none, old)); NUMBER(setitimer(99, none, old));
    struct timespec *now = at(6, sizeof *now); NUMBER(clock_gettime(CLOCK_MONOTONIC, now)); NUMBER(now->tv_sec > 0); NUMBER(clock_gettime(-99, now));
    int events = epoll_create1(0), ends[2]; NUMBER(pipe(ends)); struct epoll_event *event = at(7, sizeof *event); event->events = EPOLLIN; NUMBER(epoll_ctl(events, EPOLL_CTL_ADD, ends[0], event)); NUMBER(epoll_ctl(events, EPOLL_CTL_DEL, ends[0], NULL));
    NUMBER(splice(ends[0], NULL, ends[1], NULL, 1, SPLICE_F_NONBLOCK)); NUMBER(utimensat(AT_FDCWD, "/nowhere", NULL, 0)); NUMBER(listxattr("/nowhere", NULL, 0)); NUMBER(getxattr("/", "user.none", few, 3)); NUMBER(msgrcv(-1, few, 1, 0, 0));
    int named = socket(AF_UNIX, SOCK_DGRAM, 0), unnamed = socket(AF_UNIX, SOCK_DGRAM, 0); struct sockaddr_un long_name = {AF_UNIX, "\0ldt, a name of more bytes than are asked for"}, its = {AF_UNIX}; socklen_t its_bytes = sizeof(sa_family_t);
    NUMBER(bind(named, (void *)&long_name, sizeof long_name)); NUMBER(bind(unnamed, (void *)&its, its_bytes)); its_bytes = sizeof its; NUMBER(getsockname(unnamed, (void *)&its, &its_bytes)); NUMBER(sendto(named, "hi", 2, 0, (void *)&its, its_bytes));
    char *place = at(3, 32), *cut = at(4, 16); *length = 16; NUMBER(recvfrom(unnamed, place, 64, MSG_DONTWAIT, (void *)cut, length)); NUMBER(*length); NUMBER(memcmp(cut + 3, "ldt", 3)); close(named); close(unnamed);
    uid_t *ids = at(1, 3 * sizeof *ids); NUMBER(getresuid(ids, ids + 1, ids + 2)); NUMBER(ids[0] == getuid()); close(events); close(ends[0]); close(ends[1]);
}

/* Characters converted, up to what cannot be. */
static void conversions(void) {
    wchar_t *w = at(1, 4 * 8); char *s = str(2, "gr\xc3\xbc\xc3\x9f" "e"), *b = at(3, 9);
    NUMBER(mbstowcs(w, s, 8)); WIDE(w); NUMBER(mbstowcs(w, s, 3)); NUMBER(mbstowcs(NULL, s, 0)); NUMBER(mbstowcs(w, "\xff", 4)); NUMBER(wcstombs(b, w, 9)); NUMBER(wcstombs(b, L"\xdfx", 2)); NUMBER(wcstombs(b, L"\xdfx", 1)); NUMBER(wcstombs(NULL, w, 0));
    char *cut = memcpy(at(4, 3), "a\xc3\xbc", 3); NUMBER(mbstowcs(w, cut, 1)); NUMBER(mbstowcs(w, cut, 2)); NUMBER(mbstowcs(w, memcpy(at(4, 2), "a\xff", 2), 8));
    mbstate_t *state = at(5, sizeof *state); const char *from = s; NUMBER(mbsrtowcs(w, &from, 4, state)); PLACE(from, s); NUMBER(mbsrtowcs(w, &from, 8, state)); NUMBER(from == NULL);
    from = cut = memcpy(at(4, 3), "a\xc3\xbc", 3); NUMBER(mbsnrtowcs(w, &from, 2, 8, state)); PLACE(from, cut); NUMBER(mbsnrtowcs(w, &from, 1, 8, state)); PLACE(from, cut); NUMBER(w[0]);
    const wchar_t *wide = w; w[1] = 0; NUMBER(wcsrtombs(b, &wide, 9, state)); NUMBER(wide == NULL); wide = w; NUMBER(wcsnrtombs(b, &wide, 1, 9, state)); NUMBER(wide - w);
    NUMBER(mbrtowc(w, cut, 3, NULL)); NUMBER(mbrtowc(w, cut + 1, 1, state)); NUMBER(mbrtowc(w, cut + 2, 1, state)); NUMBER(w[0]); NUMBER(mbrtowc(NULL, NULL, 0, NULL)); NUMBER(mbrtowc(w, "", 1, NULL)); NUMBER(mbrtowc(w, "\xff", 1, state)); NUMBER(mbrtowc(w, cut, 0, NULL));
    NUMBER(mbtowc(w, cut + 1, 2)); NUMBER(mbtowc(w, cut + 1, 1)); NUMBER(mbtowc(NULL, NULL, 0)); NUMBER(mblen(cut + 1, 2)); NUMBER(mbrlen(cut + 1, 2, NULL)); NUMBER(wcrtomb(at(3, 2), 0xfc, NULL)); NUMBER(wcrtomb(NULL, 0, NULL)); NUMBER(wctomb(at(3, 1), L'x')); NUMBER(wctomb(at(3, 1), -5)); NUMBER(wctomb(NULL, 0));
    NUMBER(wcswidth(wstr(1, L"ab\xfc"), 9)); NUMBER(wcswidth(wstr(1, L"a\1"), 9)); NUMBER(wcswidth(wmemcpy(at(1, 8), L"ab", 2), 2)); NUMBER(wcswidth(wmemcpy(at(1, 8), L"a\1", 2), 9));
    iconv_t latin = iconv_open(str(1, "LATIN1"), str(2, "UTF-8")); NUMBER(iconv_open("nothing", "UTF-8") == (iconv_t)-1);
    for (int most = 0; most < 4; most++) {
        char **in = at(5, 8), **out = at(6, 8); size_t *in_left = at(7, 8), left = most; *in = s = memcpy(at(2, 5), "a\xc3\xbc\xff" "b", 5); *in_left = 5; *out = b = at(3, most + 1);
        NUMBER(iconv(latin, in, in_left, out, &left)); PLACE(*in, s); PLACE(*out, b); NUMBER(*in_left); NUMBER(left); NUMBER(iconv(latin, NULL, NULL, NULL, NULL)); NUMBER(iconv(latin, NULL, NULL, out, &left));
    }
    NUMBER(iconv_close(latin)); swab(memcpy(at(1, 5), "abcde", 5), b = at(2, 4), 5); SAY("%.4s\n", b); swab(b, b, -2); SAY("%.4s\n", b);
}

/* Names and dates left in a place, patterns, hosts. */
static void names(void) {
    struct tm *date = at(1, sizeof *date); char *b = at(2, 5), *s; NUMBER(strftime(b, 4000, "%Y", date)); TEXTUAL(b); NUMBER(strftime(b, 4, "%Y", date)); NUMBER(strftime(b, 0, "x", date)); NUMBER(wcsftime(at(3, 20), 900, L"%Y", date));
    PLACE(strptime(s = str(3, "2024-02-30x"), str(4, "%Y-%m-%d"), date), s); NUMBER(date->tm_yday); PLACE(strptime(s, "%Y/", date), s); PLACE(strptime(s = memcpy(at(3, 4), "2024", 4), "%Y", date), s); PLACE(strptime(s = memcpy(at(3, 5), "2024x", 5), "%Y-%m", date), s);
    TEXTUAL(asctime_r(memset(date, 0, sizeof *date), at(2, 26))); time_t *when = at(3, 8); TEXTUAL(ctime_r(when, at(2, 26)));
    NUMBER(confstr(_CS_PATH, at(2, 14), 4000)); NUMBER(confstr(_CS_PATH, at(2, 3), 3)); NUMBER(confstr(_CS_PATH, NULL, 0)); TEXTUAL(strerror_r(ENOENT, at(2, 4), 4)); TEXTUAL(strerror_r(4711, at(2, 20), 4000)); TEXTUAL(strerror_r(4711, at(2, 4), 4));
    TEXTUAL(realpath(str(1, "/proc/./sys"), at(2, 10))); TEXTUAL(realpath("/nowhere/at/all", at(2, 16))); free(s = realpath(str(1, "/proc"), NULL)); NUMBER(gethostname(at(2, 1), 1)); NUMBER(gethostname(at(2, 65), 4000)); NUMBER(ttyname_r(-1, b = at(2, 3), 3)); NUMBER(prctl(15, str(1, "a name that is too long"))); NUMBER(prctl(16, b = at(2, 16))); TEXTUAL(b); NUMBER(prctl(15, (void *)8));
    struct in_addr *address = at(1, 4); NUMBER(inet_aton(str(2, "1.2.3.4"), address)); NUMBER(address->s_addr); NUMBER(inet_aton(memcpy(at(2, 4), "999.", 4), address)); NUMBER(inet_aton(memcpy(at(2, 8), "1.2.3.4 ", 8), address)); NUMBER(inet_aton(str(2, "x"), NULL)); NUMBER(inet_addr(str(2, "4.3.2.1"))); NUMBER(inet_pton(AF_INET, str(2, "1.2.3"), address)); NUMBER(inet_pton(AF_INET, "1.2.3.4", address)); NUMBER(inet_pton(99, "x", NULL)); TEXTUAL(inet_ntop(AF_INET, address, at(2, 8), 4000)); TEXTUAL(inet_ntop(AF_INET, address, at(2, 4), 4));
    struct addrinfo *hints = at(1, sizeof *hints), **list = at(2, 8); hints->ai_flags = AI_NUMERICHOST; NUMBER(getaddrinfo(str(3, "127.0.0.1"), str(4, "80"), hints, list)); b = at(5, 10); NUMBER(getnameinfo((*list)->ai_addr, (*list)->ai_addrlen, b, 4000, at(6, 3), 3, NI_NUMERICHOST | NI_NUMERICSERV)); TEXTUAL(b); freeaddrinfo(*list); NUMBER(getaddrinfo("x", NULL, hints, list)); NUMBER(getaddrinfo(NULL, NULL, NULL, list));
    regex_t *regex = at(1, sizeof *regex); regmatch_t *match = at(2, 2 * sizeof *match); NUMBER(regcomp(regex, str(3, "b(c)"), REG_EXTENDED)); NUMBER(regexec(regex, str(4, "abcd"), 2, match, 0)); NUMBER(match[1].rm_so); match->rm_so = 1; match->rm_eo = 3; NUMBER(regexec(regex, memcpy(at(4, 3), "abc", 3), 1, match, REG_STARTEND)); NUMBER(regexec(regex, "x", 99, match, 0)); regfree(regex);
    NUMBER(regcomp(regex, "(", REG_EXTENDED)); NUMBER(regerror(REG_EPAREN, regex, at(4, 5), 5)); NUMBER(regcomp(regex, "a", REG_NOSUB)); NUMBER(regexec(regex, "a", 99, match, 0)); regfree(regex); NUMBER(fnmatch(str(1, "a*"), str(3, "abc"), 0)); glob_t *found = at(1, sizeof *found); NUMBER(glob(str(3, "/pro[c]"), 0, NULL, found)); TEXTUAL(*found->gl_pathv); globfree(found);
    struct passwd *user = at(1, sizeof *user), **entry = at(2, 8); NUMBER(getpwnam_r(str(3, "root"), user, at(4, 400), 400, entry)); NUMBER(*entry == user); NUMBER(getpwnam_r("nobody at all", user, at(4, 400), 400, entry)); NUMBER(*entry == NULL); NUMBER(getpwuid_r(0, user, at(4, 2), 2, entry));
    char **vector = at(1, 16); vector[0] = str(2, "true"); NUMBER(execv("/nowhere", vector)); NUMBER(execl(str(3, "/nowhere"), "a", "b", "c", "d", "e", "f", NULL)); pid_t *child = at(4, 4); int status; NUMBER(posix_spawnp(child, "true", NULL, NULL, vector, environ)); NUMBER(waitpid(*child, &status, 0) == *child); NUMBER(status); NUMBER(posix_spawn(child, "/nowhere", NULL, NULL, vector, vector)); NUMBER(waitid(P_ALL, 0, at(5, 28), WEXITED));
    struct termios *terminal = at(1, 60); NUMBER(tcgetattr(-1, terminal)); NUMBER(tcsetattr(-1, 0, terminal)); struct flock *lock = at(2, sizeof *lock); NUMBER(fcntl(1, F_GETLK, lock)); NUMBER(fcntl(1, F_GETLK, (void *)8)); NUMBER(fcntl(1, F_GETFD)); NUMBER(getentropy(at(1, 4), 4)); NUMBER(getentropy(at(1, 4), 400)); NUMBER(getloadavg(at(1, 8), 1));
}

/* A thread that waits in read can be cancelled, and its cleanup runs: through the frame that watches too. */
static int cleaned;
static void clean(void *unused) { cleaned++; }
static void *waits(void *fd) {
    char *b = at(6, 16);
    pthread_cleanup_push(clean, NULL);
    read(*(int *)fd, b, 4000);
    pthread_cleanup_pop(0);
    return NULL;
}
static sigjmp_buf back;
static void jumps(int signal) { siglongjmp(back, 1); }
static void interrupted(void) {
    int pipes[2]; pthread_t thread; void *result; NUMBER(pipe(pipes));
    NUMBER(pthread_create(&thread, NULL, waits, pipes)); NUMBER(pthread_cancel(thread)); NUMBER(pthread_join(thread, &result)); NUMBER(result == PTHREAD_CANCELED); NUMBER(cleaned);
    signal(SIGALRM, jumps); char *b = at(6, 16);
    if (sigsetjmp(back, 1) == 0) { ualarm(20000, 0); read(pipes[0], b, 4000); } else SAY("jumped out of read\n");
    NUMBER(write(pipes[1], "x", 1)); NUMBER(read(pipes[0], b, 4000)); close(pipes[0]); close(pipes[1]);
}

/* No format at all: err and its kin print none, printf and scanf refuse it. */
static void no_formats(void) {
    char *volatile none = NULL; wchar_t *volatile wide_none = NULL; char *b = at(6, 16), *text = NULL; wchar_t *w = at(7, 16);
    NUMBER(sprintf(b, none)); NUMBER(errno == EINVAL); NUMBER(snprintf(b, 16, none)); NUMBER(printf(none)); NUMBER(fprintf(stderr, none)); NUMBER(dprintf(2, none)); NUMBER(asprintf(&text, none));
    NUMBER(sscanf("1", none)); NUMBER(scanf(none)); NUMBER(swprintf(w, 4, wide_none)); NUMBER(swscanf(L"1", wide_none));
    warn(none); warnx(none); error(0, 0, none); SAY("after warn without a format\n");
}

static void refused_memory(void) {
    void *untouched = blocks, *block = untouched; errno = 77;
    NUMBER(posix_memalign(&block, 64, (size_t)1 << 62)); NUMBER(errno); NUMBER(block == untouched);
}

int main(void) {
    setlocale(LC_ALL, "C.UTF-8");
    for (on_heap = 0; on_heap < 2; on_heap++) {
        SAY("on the heap: %d\n", on_heap);
        memory();
        texts();
        numbers();
        prints();
        files();
        wild();
        records();
        requests();
        conversions();
        names();
        interrupted();
        refused_memory();
        no_formats();
    }
    for (int i = 0; i < 8; i++) free(blocks[i]);
    return 0;
}
