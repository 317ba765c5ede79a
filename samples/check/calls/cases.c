// Part of tests/tests/libc_calls.rs: one case for each checked function and way of access.
//
//   cases list            one line a case: NAME read|write UNIT any|one anywhere|inside FUNCTION
//   cases WAY [DISTANCE]  every case, in one process:
//       good              each call touches all units of its block, and no more
//       after             DISTANCE units more
//       before            begins DISTANCE units before the block
//       freed             the block has been freed
//
// A case is given a pointer and a count of units: its call accesses that many from there. A call that finds
// its end unit by unit (`one`) goes one too far whatever the distance: a text has no terminator, say.
// BUILD: -w
#define _GNU_SOURCE
#include "cases.h"

#include <sys/epoll.h>
#include <sys/msg.h>
#include <sys/random.h>
#include <sys/sem.h>
#include <sys/sendfile.h>
#include <sys/shm.h>
#include <sys/stat.h>
#include <sys/xattr.h>

/* Blocks read from, or written to, by the call's other argument: large enough for everything. */
static char other[1 << 16];
static wchar_t wide[1 << 14], wide2[1 << 14];

/* Letters, ended after n units. */
static char *text(size_t n) {
    for (size_t i = 0; i < 4096; i++) other[i] = 'a';
    other[n] = 0;
    return other;
}
static wchar_t *wtext(size_t n) {
    for (size_t i = 0; i < 1024; i++) wide[i] = L'a';
    wide[n] = 0;
    return wide;
}

#define COPY(name, call) WRITE(name##_to, name, char, call(p, other, n)) READ(name##_from, name, char, call(other, p, n))
#define WCOPY(name, call) WRITE(name##_to, name, wchar_t, call(p, wide, n)) READ(name##_from, name, wchar_t, call(wide, p, n))
#define CHK (size_t)-1

COPY(memcpy, memcpy)
COPY(memmove, memmove)
COPY(mempcpy, mempcpy)
WRITE(memcpy_chk_to, __memcpy_chk, char, __memcpy_chk(p, other, n, CHK))
READ(memmove_chk_from, __memmove_chk, char, __memmove_chk(other, p, n, CHK))
WRITE(mempcpy_chk_to, __mempcpy_chk, char, __mempcpy_chk(p, other, n, CHK))
WCOPY(wmemcpy, wmemcpy)
WCOPY(wmemmove, wmemmove)
WCOPY(wmempcpy, wmempcpy)
WRITE(wmemcpy_chk_to, __wmemcpy_chk, wchar_t, __wmemcpy_chk(p, wide, n, CHK))
WRITE(bcopy_to, bcopy, char, bcopy(other, p, n))
READ(bcopy_from, bcopy, char, bcopy(p, other, n))
WRITE(memccpy_to, memccpy, char, memccpy(p, text(100), 'z', n))
WRITE(memccpy_stops_to, memccpy, char, memccpy(p, text(n - 1), 0, 4000))
WRITE(memset, memset, char, memset(p, 1, n))
WRITE(memset_chk, __memset_chk, char, __memset_chk(p, 1, n, CHK))
WRITE(wmemset, wmemset, wchar_t, wmemset(p, 1, n))
WRITE(bzero, bzero, char, bzero(p, n))
WRITE(explicit_bzero, explicit_bzero, char, explicit_bzero(p, n))
READ_ONE(memchr, memchr, char, FILLED(char, memchr(p, 'z', n)))
READ_ONE(wmemchr, wmemchr, wchar_t, FILLED(wchar_t, wmemchr(p, 'z', n)))
READ(memrchr, memrchr, char, FILLED(char, memrchr(p, 'z', n)))

READ_ONE(memcmp, memcmp, char, FILLED(char, memcmp(p, text(100), n)))
READ_ONE(bcmp, bcmp, char, FILLED(char, bcmp(text(100), p, n)))
READ_ONE(wmemcmp, wmemcmp, wchar_t, FILLED(wchar_t, wmemcmp(p, wtext(100), n)))
READ_ONE(memmem, memmem, char, FILLED(char, memmem(p, n, "ab", 2)))
READ_ONE(rawmemchr, rawmemchr, char, TEXT(char, rawmemchr(p, 0)))

#define TEXT_READ(name, call) READ_ONE(name, name, char, TEXT(char, call))
#define WTEXT_READ(name, call) READ_ONE(name, name, wchar_t, TEXT(wchar_t, call))
TEXT_READ(strlen, strlen(p))
TEXT_READ(strnlen, strnlen(p, 4000))
TEXT_READ(strdup, free(strdup(p)))
TEXT_READ(strndup, free(strndup(p, 4000)))
TEXT_READ(strchr, strchr(p, 'z'))
TEXT_READ(strchrnul, strchrnul(p, 'z'))
TEXT_READ(strrchr, strrchr(p, 'a'))
TEXT_READ(index, UNFOLDED(index)(p, 'z'))
TEXT_READ(rindex, UNFOLDED(rindex)(p, 'a'))
TEXT_READ(strcmp, strcmp(p, text(100)))
TEXT_READ(strncmp, strncmp(text(100), p, 100))
TEXT_READ(strcasecmp, strcasecmp(p, text(100)))
TEXT_READ(strncasecmp, strncasecmp(text(100), p, 100))
TEXT_READ(strcoll, strcoll(p, "b"))
TEXT_READ(strxfrm, strxfrm(other, p, 4000))
TEXT_READ(strstr, strstr(p, "az"))
TEXT_READ(strcasestr, strcasestr(p, "AZ"))
TEXT_READ(strspn, strspn(p, "a"))
TEXT_READ(strcspn, strcspn(p, "z"))
TEXT_READ(strpbrk, strpbrk(p, "z"))
TEXT_READ(strtok, strtok(p, "z"))
TEXT_READ(strtok_r, strtok_r(p, "z", &(char *){0}))
TEXT_READ(strsep, strsep(&(char *){p}, "z"))
TEXT_READ(puts, puts(p))
TEXT_READ(strverscmp, strverscmp(p, text(100)))
READ_ONE(open_name, open, char, TEXT(char, open(p, O_RDONLY)))
READ_ONE(stat_name, stat, char, TEXT(char, stat(p, &(struct stat){0})))
READ_ONE(fopen_name, fopen, char, TEXT(char, fopen(p, "r")))
READ_ONE(rename_name, rename, char, TEXT(char, rename(p, "/nowhere/at/all")))
READ_ONE(getenv_name, getenv, char, TEXT(char, getenv(p)))
WRITE(getrandom, getrandom, char, getrandom(p, n, 0))
TEXT_READ(fputs, fputs(p, stdout))
WTEXT_READ(wcslen, wcslen(p))
WTEXT_READ(wcsnlen, wcsnlen(p, 1000))
WTEXT_READ(wcsdup, free(wcsdup(p)))
WTEXT_READ(wcschr, wcschr(p, 'z'))
WTEXT_READ(wcsrchr, wcsrchr(p, 'a'))
WTEXT_READ(wcscmp, wcscmp(p, wtext(100)))
WTEXT_READ(wcsncmp, wcsncmp(p, wtext(100), 100))
WTEXT_READ(wcscasecmp, wcscasecmp(p, wtext(100)))
WTEXT_READ(wcsstr, wcsstr(p, L"az"))
WTEXT_READ(wcsspn, wcsspn(p, L"a"))
WTEXT_READ(wcscspn, wcscspn(p, L"z"))
WTEXT_READ(wcspbrk, wcspbrk(p, L"z"))
WTEXT_READ(wcstok, wcstok(p, L"z", &(wchar_t *){0}))
READ_ONE(atoi, atoi, char, DIGITS(char, atoi(p)))
READ_ONE(strtol, strtol, char, DIGITS(char, strtol(p, &(char *){0}, 10)))
READ_ONE(strtoull, strtoull, char, DIGITS(char, strtoull(p, 0, 0)))
READ_ONE(strtod, strtod, char, DIGITS(char, strtod(p, 0)))
READ_ONE(wcstol, wcstol, wchar_t, DIGITS(wchar_t, wcstol(p, 0, 10)))

READ_ONE(strcpy_from, strcpy, char, TEXT(char, strcpy(other, p)))
READ_ONE(stpcpy_from, stpcpy, char, TEXT(char, stpcpy(other, p)))
READ_ONE(strncpy_from, strncpy, char, TEXT(char, strncpy(other, p, 100)))
READ_ONE(strcat_from, strcat, char, TEXT(char, strcat(text(3), p)))
READ_ONE(strncat_from, strncat, char, TEXT(char, strncat(text(3), p, 100)))
READ_ONE(strcat_to_unended, strcat, char, TEXT(char, strcat(p, "")))
READ_ONE(wcscpy_from, wcscpy, wchar_t, TEXT(wchar_t, wcscpy(wide, p)))
READ_ONE(wcscat_from, wcscat, wchar_t, TEXT(wchar_t, wcscat(wtext(3), p)))
WRITE(strcpy_to, strcpy, char, strcpy(p, text(n - 1)))
WRITE(strcpy_chk_to, __strcpy_chk, char, __strcpy_chk(p, text(n - 1), CHK))
WRITE(stpcpy_to, stpcpy, char, stpcpy(p, text(n - 1)))
WRITE(strncpy_to, strncpy, char, strncpy(p, "x", n))
WRITE(strncpy_chk_to, __strncpy_chk, char, __strncpy_chk(p, "x", n, CHK))
WRITE(stpncpy_to, stpncpy, char, stpncpy(p, "x", n))
WRITE_INSIDE(strcat_to, strcat, char, EMPTIED(strcat(p, text(n - 1))))
WRITE_INSIDE(strcat_chk_to, __strcat_chk, char, EMPTIED(__strcat_chk(p, text(n - 1), CHK)))
WRITE_INSIDE(strncat_to, strncat, char, EMPTIED(strncat(p, text(100), n - 1)))
WRITE(wcscpy_to, wcscpy, wchar_t, wcscpy(p, wtext(n - 1)))
WRITE(wcpcpy_to, wcpcpy, wchar_t, wcpcpy(p, wtext(n - 1)))
WRITE(wcsncpy_to, wcsncpy, wchar_t, wcsncpy(p, L"x", n))
WRITE(wcpncpy_to, wcpncpy, wchar_t, wcpncpy(p, L"x", n))
WRITE_INSIDE(wcscat_to, wcscat, wchar_t, EMPTIED(wcscat(p, wtext(n - 1))))
WRITE_INSIDE(wcsncat_to, wcsncat, wchar_t, EMPTIED(wcsncat(p, wtext(100), n - 1)))
WRITE(wcscpy_chk_to, __wcscpy_chk, wchar_t, __wcscpy_chk(p, wtext(n - 1), CHK))
WRITE(strxfrm_to, strxfrm, char, strxfrm(p, text(n - 1), 4000))

WRITE(sprintf, sprintf, char, sprintf(p, "%s%d", text(n - 2), 7))
WRITE(sprintf_chk, __sprintf_chk, char, __sprintf_chk(p, 0, CHK, "%s%d", text(n - 2), 7))
WRITE(snprintf_fits, snprintf, char, snprintf(p, CHK, "%s%d", text(n - 2), 7))
WRITE(snprintf_cuts, snprintf, char, snprintf(p, n, "%s%d", text(100), 7))
WRITE(snprintf_chk, __snprintf_chk, char, __snprintf_chk(p, 4000, 0, CHK, "%s%g", text(n - 4), 1.5))
WRITE(vsprintf, vsprintf, char, with_list(vsprintf, p, "%s%d", text(n - 2), 7))
WRITE(vsnprintf, vsnprintf, char, with_limit(vsnprintf, p, 4000, "%s%d", text(n - 2), 7))
WRITE(swprintf, swprintf, wchar_t, swprintf(p, 1000, L"%ls%d", wtext(n - 2), 7))
WRITE(swprintf_many, swprintf, wchar_t, swprintf(p, 1000, L"%d%d%d%d%d%g%ls", 1, 2, 3, 4, 5, 6., wtext(n - 7)))
WRITE(swprintf_chk, __swprintf_chk, wchar_t, __swprintf_chk(p, 1000, 0, CHK, L"%ls%d", wtext(n - 2), 7))
WRITE(vswprintf, vswprintf, wchar_t, with_wide_limit(vswprintf, p, 1000, L"%ls%d", wtext(n - 2), 7))
READ_ONE(printf_s, printf, char, TEXT(char, printf("%d %s\n", 1, p)))
READ_ONE(printf_numbered, printf, char, TEXT(char, printf("%2$s %1$d\n", 1, p)))
READ_ONE(printf_format, printf, char, TEXT(char, printf(p)))
READ_ONE(printf_chk, __printf_chk, char, TEXT(char, __printf_chk(0, "%g %s\n", 1.5, p)))
READ_ONE(fprintf_s, fprintf, char, TEXT(char, fprintf(stdout, "%d%d%d%d%d%d %s\n", 1, 2, 3, 4, 5, 6, p)))
READ_ONE(dprintf_s, dprintf, char, TEXT(char, dprintf(null, "%s", p)))
READ_ONE(snprintf_s, snprintf, char, TEXT(char, snprintf(other, 10, "%s", p)))
READ_ONE(asprintf_s, asprintf, char, TEXT(char, freed(asprintf, "%s", p)))
READ_ONE(printf_ls, printf, wchar_t, TEXT(wchar_t, printf("%ls\n", p)))
READ_ONE(printf_precise, printf, char, FILLED(char, printf("%.*s\n", (int)n, p)))
READ_ONE(swprintf_ls, swprintf, wchar_t, FILLED(wchar_t, swprintf(wide2, 1000, L"%.*ls", (int)n, p)))

WRITE(sscanf_s, sscanf, char, sscanf(text(n - 1), "%s", p))
WRITE(sscanf_set, sscanf, char, sscanf(text(n - 1), "%*[z]%[a]", p) + sscanf(text(n - 1), "%[a]", p))
WRITE(sscanf_c, sscanf, char, sscanf(text(1000), scan_characters(n), p))
READ_ONE(sscanf_from, sscanf, char, TEXT(char, sscanf(p, "%*s")))
WRITE(swscanf_ls, swscanf, wchar_t, swscanf(wtext(n - 1), L"%ls", p))

WRITE(read, read, char, rewound(read(letters, p, n)))
WRITE(read_short, read, char, sent(n, read(pair[1], p, 4000)))
WRITE(read_chk, __read_chk, char, rewound(__read_chk(letters, p, n, CHK)))
WRITE(pread, pread, char, pread(letters, p, n, 0))
WRITE(recv, recv, char, sent(n, recv(pair[1], p, 4000, 0)))
WRITE(recvfrom, recvfrom, char, sent(n, recvfrom(pair[1], p, 4000, 0, 0, 0)))
WRITE(recvmsg, recvmsg, char, sent(n, recvmsg(pair[1], MESSAGE(p, 4000), 0)))
WRITE(readv, readv, char, rewound(readv(letters, (struct iovec[]){{other, 3}, {p, n}}, 2)))
WRITE(preadv, preadv, char, preadv(letters, (struct iovec[]){{p, n}}, 1, 0))
READ(write, write, char, FILLED(char, write(null, p, n)))
READ(pwrite, pwrite, char, FILLED(char, pwrite(letters, p, n, 3000)))
READ(send, send, char, FILLED(char, received(send(pair[0], p, n, 0))))
READ(sendto, sendto, char, FILLED(char, received(sendto(pair[0], p, n, 0, 0, 0))))
READ(sendmsg, sendmsg, char, FILLED(char, received(sendmsg(pair[0], MESSAGE(p, n), 0))))
WRITE(recvmmsg, recvmmsg, char, sent(n, recvmmsg(pair[1], MESSAGES(p, 4000), 1, 0, NULL)))
READ(sendmmsg, sendmmsg, char, FILLED(char, received(sendmmsg(pair[0], MESSAGES(p, n), 1, 0))))
WRITE(setvbuf, setvbuf, char, with_text_file(f, 5, setvbuf(f, p, _IOFBF, n)))
WRITE(setbuffer, setbuffer, char, with_text_file(f, 5, (setbuffer(f, p, n), 0)))
READ(sendmsg_control, sendmsg, char, FILLED(char, received(sendmsg(pair[0], &(struct msghdr){.msg_control = p, .msg_controllen = n}, 0))))
READ(sendmsg_name, sendmsg, char, FILLED(char, received(sendmsg(pair[0], &(struct msghdr){.msg_name = p, .msg_namelen = n}, 0))))
READ(writev, writev, char, FILLED(char, writev(null, (struct iovec[]){{other, 3}, {p, n}}, 2)))
READ(pwritev, pwritev, char, FILLED(char, pwritev(letters, (struct iovec[]){{p, n}}, 1, 3000)))
WRITE(fread, fread, char, with_file(f, fread(p, 1, n, f)))
WRITE(fread_short, fread, char, with_text_file(f, n, fread(p, 1, 4000, f)))
WRITE(fread_chk, __fread_chk, char, with_file(f, __fread_chk(p, CHK, 1, n, f)))
READ(fwrite, fwrite, char, FILLED(char, fwrite(p, 1, n, stdout)))
WRITE(fgets, fgets, char, with_text_file(f, n - 1, fgets(p, 4000, f)))
WRITE(fgets_cuts, fgets, char, with_file(f, fgets(p, n, f)))
WRITE(fgets_chk, __fgets_chk, char, with_file(f, __fgets_chk(p, CHK, n, f)))
WRITE(fgetws, fgetws, wchar_t, with_text_file(f, n - 1, fgetws(p, 1000, f)))
WRITE(getline, getline, char, with_text_file(f, n - 1, getline(&(char *){p}, &(size_t){4000}, f)))
WRITE(getcwd, getcwd, char, in_place(n - 1, getcwd(p, 4000)))
WRITE(readlink, readlink, char, with_link(n, readlink(link_name, p, 4000)))

/* A record, at the end of what the case may touch or at its beginning. */
#define RECORD(bytes) ((void *)(way == GOOD || way == AFTER ? p + n - (bytes) : p))
static int compare(const void *a, const void *b) { return *(const char *)a - *(const char *)b; }
WRITE(gettimeofday, gettimeofday, char, gettimeofday(RECORD(16), NULL))
WRITE(getrlimit, getrlimit, char, getrlimit(RLIMIT_CORE, RECORD(16)))
WRITE(times, times, char, times(RECORD(32)))
WRITE(localtime_r, localtime_r, char, localtime_r(&(time_t){0}, RECORD(56)))
WRITE(qsort, qsort, char, FILLED(char, (qsort(p, n, 1, compare), 0)))
READ(asctime, asctime, char, FILLED(char, asctime(RECORD(56))))
READ(setrlimit, setrlimit, char, FILLED(char, setrlimit(99, RECORD(16))))
WRITE(poll, poll, char, FILLED(char, poll(RECORD(8), 1, 0)))
READ(setsockopt, setsockopt, char, FILLED(char, setsockopt(pair[0], SOL_SOCKET, 9999, p, n)))
READ(bind, bind, char, FILLED(char, bind(pair[0], (void *)p, n)))

/* What the kernel is asked with several records, or with one that says how long it is. */
#define LENGTH (&(socklen_t){100})
WRITE(clock_gettime, clock_gettime, char, clock_gettime(CLOCK_MONOTONIC, RECORD(16)))
WRITE(getsockname, getsockname, char, getsockname(internet, RECORD(16), LENGTH))
WRITE(getsockopt, getsockopt, char, getsockopt(internet, SOL_SOCKET, SO_LINGER, RECORD(8), LENGTH))
WRITE(sigtimedwait, sigtimedwait, wchar_t, with_signal(sigtimedwait(&urgent, RECORD(32), &(struct timespec){0})))
WRITE(sigwaitinfo, sigwaitinfo, wchar_t, with_signal(sigwaitinfo(&urgent, RECORD(32))))
WRITE(wait4_usage, wait4, wchar_t, with_child(wait4(-1, NULL, 0, RECORD(36))))
WRITE(eventfd_read, eventfd_read, char, (eventfd_write(events, 1), eventfd_read(events, RECORD(8))))
READ(pselect_timeout, pselect, char, FILLED(char, pselect(null + 1, NULL, writable(), NULL, RECORD(16), NULL)))
READ(ppoll_timeout, ppoll, char, FILLED(char, ppoll(&(struct pollfd){null, POLLOUT, 0}, 1, RECORD(16), NULL)))
READ(sched_setaffinity, sched_setaffinity, char, FILLED(char, sched_setaffinity(0x7ffffff0, n, (void *)p)))
READ(timer_create, timer_create, wchar_t, FILLED(wchar_t, timer_create(-99, RECORD(16), &(timer_t){0})))
WRITE(recvmsg_name, recvmsg, char, sent_to_itself(recvmsg(internet, &(struct msghdr){.msg_name = RECORD(16), .msg_namelen = 100}, 0)))
WRITE(recvmsg_control, recvmsg, char, sent_with_rights(recvmsg(pair[1], &(struct msghdr){.msg_control = RECORD(24), .msg_controllen = 100}, MSG_CMSG_CLOEXEC)))
WRITE(recvfrom_address, recvfrom, char, sent_to_itself(recvfrom(internet, other, 9, 0, RECORD(16), LENGTH)))
WRITE(setitimer_old, setitimer, char, setitimer(ITIMER_VIRTUAL, &(struct itimerval){0}, RECORD(32)))
WRITE(sendfile, sendfile, char, FILLED(char, sendfile(null, letters, RECORD(8), 1)))
READ(setitimer, setitimer, char, FILLED(char, setitimer(ITIMER_VIRTUAL, RECORD(32), NULL)))
READ(futimens, futimens, char, FILLED(char, futimens(letters, RECORD(32))))
READ(epoll_ctl, epoll_ctl, char, FILLED(char, epoll_ctl(-1, EPOLL_CTL_ADD, 0, RECORD(12))))
READ(msgsnd, msgsnd, char, FILLED(char, msgsnd(-1, p, n - 8, 0)))
READ(shmctl_set, shmctl, wchar_t, FILLED(wchar_t, shmctl(-1, IPC_SET, RECORD(28))))
READ(msgctl_set, msgctl, wchar_t, FILLED(wchar_t, msgctl(-1, IPC_SET, RECORD(30))))
READ(semctl_set, semctl, wchar_t, FILLED(wchar_t, semctl(-1, 0, IPC_SET, RECORD(26))))
WRITE(shmctl_limits, shmctl, wchar_t, shmctl(0, IPC_INFO, RECORD(18)))
WRITE(shmctl_use, shmctl, wchar_t, shmctl(0, SHM_INFO, RECORD(12)))
WRITE(msgctl_limits, msgctl, wchar_t, msgctl(0, IPC_INFO, RECORD(8)))
WRITE(semctl_limits, semctl, wchar_t, semctl(0, 0, IPC_INFO, RECORD(10)))
WRITE(shmctl_record, shmctl, wchar_t, with_segment(shmctl(segment, IPC_STAT, RECORD(28))))
WRITE(semctl_record, semctl, wchar_t, with_semaphores(1, semctl(semaphores, 0, IPC_STAT, RECORD(26))))
WRITE(semctl_all, semctl, wchar_t, with_semaphores(2 * n, semctl(semaphores, 0, GETALL, p)))
READ(semctl_set_all, semctl, wchar_t, FILLED(wchar_t, with_semaphores(2 * n, semctl(semaphores, 0, SETALL, p))))
READ(setgroups, setgroups, wchar_t, FILLED(wchar_t, setgroups(n, (void *)p)))
READ(semop, semop, char, FILLED(char, semop(-1, RECORD(12), 2)))
READ(setxattr, setxattr, char, FILLED(char, setxattr("/nowhere", "user.x", p, n, 0)))
READ_ONE(getxattr, getxattr, char, TEXT(char, getxattr(p, "user.x", other, 9)))
READ_ONE(renameat, renameat, char, TEXT(char, renameat(AT_FDCWD, p, AT_FDCWD, "/nowhere/x")))
READ_ONE(symlinkat, symlinkat, char, TEXT(char, symlinkat(p, AT_FDCWD, "/nowhere/x")))
READ_ONE(utimensat, utimensat, char, TEXT(char, utimensat(AT_FDCWD, p, NULL, 0)))

#include "cases_names.h"
#include "cases_later.h"

int main(int count, char **arguments) {
    prepare();
    return run_cases(count, arguments);
}
