// What the cases of cases.c stand on: how a case is named and run, and files with known content.
#include <features.h>
/* The compiler drops a call of a pure function whose result is not used, even without optimizing. */
#undef __attribute_pure__
#define __attribute_pure__
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/times.h>
#include <sched.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include <wchar.h>

/* The forms that -D_FORTIFY_SOURCE makes of calls. */
void *__memcpy_chk(void *, const void *, size_t, size_t);
void *__memmove_chk(void *, const void *, size_t, size_t);
void *__mempcpy_chk(void *, const void *, size_t, size_t);
void *__memset_chk(void *, int, size_t, size_t);
wchar_t *__wmemcpy_chk(wchar_t *, const wchar_t *, size_t, size_t);
char *__strcpy_chk(char *, const char *, size_t);
char *__strncpy_chk(char *, const char *, size_t, size_t);
char *__strcat_chk(char *, const char *, size_t);
wchar_t *__wcscpy_chk(wchar_t *, const wchar_t *, size_t);
int __sprintf_chk(char *, int, size_t, const char *, ...);
int __snprintf_chk(char *, size_t, int, size_t, const char *, ...);
int __swprintf_chk(wchar_t *, size_t, int, size_t, const wchar_t *, ...);
int __printf_chk(int, const char *, ...);
ssize_t __read_chk(int, void *, size_t, size_t);
size_t __fread_chk(void *, size_t, size_t, size_t, FILE *);
char *__fgets_chk(char *, size_t, int, FILE *);

enum way { GOOD, AFTER, BEFORE, FREED };
enum { UNITS = 61 };

struct item {
    void (*run)(void *at, size_t units);
    const char *name, *access, *distance, *function;
    size_t unit;
    int inside;
};

static enum way way;
static char *block;

/* Cases stand one after the other in a section of their own. */
#define CASE(id, called, type, access, distance, inside, call)                                    \
    static __attribute__((noinline)) void case_##id(void *at, size_t n) {                         \
        type *p = at;                                                                             \
        (void)(call);                                                                             \
        __asm__ volatile("" ::: "memory");                                                        \
    }                                                                                             \
    static const struct item item_##id __attribute__((section("cases"), used, aligned(8))) = {    \
        case_##id, #id, access, distance, #called, sizeof(type), inside};
#define WRITE(id, called, type, call) CASE(id, called, type, "write", "any", 0, call)
#define READ(id, called, type, call) CASE(id, called, type, "read", "any", 0, call)
/* It finds out unit by unit: bad is one unit too far. */
#define READ_ONE(id, called, type, call) CASE(id, called, type, "read", "one", 0, call)
/* The call must find a text where it begins, so that it cannot begin outside. */
#define WRITE_INSIDE(id, called, type, call) CASE(id, called, type, "write", "any", 1, call)

static void fill(size_t unit, char with, size_t units) {
    if (way == FREED) return;
    for (size_t i = 0; i < units; i++) {
        if (unit == 1) block[i] = with;
        else ((wchar_t *)block)[i] = with;
    }
    if (units == UNITS) return;
    if (unit == 1) block[units] = 0;
    else ((wchar_t *)block)[units] = 0;
}
#define FILLED(type, call) (fill(sizeof(type), 'a', UNITS), call)
#define TEXT(type, call) (fill(sizeof(type), 'a', way == AFTER ? UNITS : UNITS - 1), call)
#define DIGITS(type, call) (fill(sizeof(type), '1', way == AFTER ? UNITS : UNITS - 1), call)
/* The compiler makes strchr of index. */
#define UNFOLDED(function) ((char *(*volatile)(const char *, int))function)
#define EMPTIED(call) (fill(sizeof *p, 0, 0), call)

/* Data: a file of letters that is read again and again, the two ends of a socket. */
static int letters, null, internet, events, pair[2];
static sigset_t urgent;
static char outgoing[8192];

static void prepare(void) {
    for (size_t i = 0; i < sizeof outgoing; i++) outgoing[i] = 'a';
    letters = memfd_create("letters", 0);
    null = open("/dev/null", O_WRONLY);
    events = eventfd(0, 0);
    sigemptyset(&urgent);
    sigaddset(&urgent, SIGURG);
    sigprocmask(SIG_BLOCK, &urgent, NULL);
    internet = socket(AF_INET, SOCK_DGRAM, 0);
    struct sockaddr_in here = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    if (bind(internet, (void *)&here, sizeof here) != 0) abort();
    if (letters < 0 || null < 0 || socketpair(AF_UNIX, SOCK_DGRAM, 0, pair) != 0) abort();
    if (write(letters, outgoing, sizeof outgoing) != sizeof outgoing) abort();
    setvbuf(stdout, NULL, _IOFBF, 1 << 16);
}

#define rewound(call) (lseek(letters, 0, SEEK_SET), call)
#define sent(n, call) (send(pair[0], outgoing, n, 0), call)
#define sent_to_itself(call) (send_to_itself(), call)
static void send_to_itself(void) {
    struct sockaddr_in here;
    getsockname(internet, (void *)&here, &(socklen_t){sizeof here});
    sendto(internet, outgoing, 5, 0, (void *)&here, sizeof here);
}
/* A descriptor along with a byte: a header of 16 bytes and a number in 8. */
#define sent_with_rights(call) (send_rights(), call)
static void send_rights(void) {
    union { char bytes[CMSG_SPACE(sizeof(int))]; struct cmsghdr head; } control = {0};
    control.head = (struct cmsghdr){.cmsg_len = CMSG_LEN(sizeof(int)), .cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS};
    memcpy(CMSG_DATA(&control.head), &null, sizeof null);
    struct iovec piece = {outgoing, 1};
    sendmsg(pair[0], &(struct msghdr){.msg_iov = &piece, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control}, 0);
}
#define MESSAGE(p, n) (&(struct msghdr){.msg_iov = &(struct iovec){p, n}, .msg_iovlen = 1})
#define MESSAGES(p, n) (&(struct mmsghdr){.msg_hdr = *MESSAGE(p, n)})
#define with_child(call) (make_child(), call)
static void make_child(void) {
    if (vfork() == 0) _exit(0);
}
/* What is ready at once, however long there is to wait. */
static fd_set *writable(void) {
    static fd_set set;
    FD_ZERO(&set);
    FD_SET(null, &set);
    return &set;
}
static int segment, semaphores;
#define with_segment(call) (segment = shmget(IPC_PRIVATE, 4096, 0600), call, shmctl(segment, IPC_RMID, NULL))
#define with_semaphores(n, call) (semaphores = semget(IPC_PRIVATE, n, 0600), call, semctl(semaphores, 0, IPC_RMID))
#define with_signal(call) (raise(SIGURG), call)
static long received(long result) {
    static char away[1 << 16];
    while (recv(pair[1], away, sizeof away, MSG_DONTWAIT) > 0) {}
    return result;
}
static FILE *file_of(size_t count) {
    FILE *file = fmemopen(NULL, 8192, "w+");
    for (size_t i = 0; i < count; i++) putc('a', file);
    rewind(file);
    int fd = memfd_create("text", 0);
    if (write(fd, outgoing, count) != (ssize_t)count) abort();
    lseek(fd, 0, SEEK_SET);
    fclose(file);
    return fdopen(fd, "r");
}
#define with_text_file(f, count, call) ({ FILE *f = file_of(count); (void)(call); fclose(f); 0; })
#define with_file(f, call) with_text_file(f, 8192, call)
#define freed(function, ...) ({ char *made = NULL; function(&made, __VA_ARGS__); free(made); 0; })

static const char *scan_characters(size_t n) {
    static char format[32];
    snprintf(format, sizeof format, "%%%zuc", n);
    return format;
}
static int with_list(int (*print)(char *, const char *, va_list), char *p, const char *format, ...) {
    va_list list;
    va_start(list, format);
    int result = print(p, format, list);
    va_end(list);
    return result;
}
static int with_limit(int (*print)(char *, size_t, const char *, va_list), char *p, size_t n, const char *format, ...) {
    va_list list;
    va_start(list, format);
    int result = print(p, n, format, list);
    va_end(list);
    return result;
}
static int with_wide_limit(int (*print)(wchar_t *, size_t, const wchar_t *, va_list), wchar_t *p, size_t n, const wchar_t *format, ...) {
    va_list list;
    va_start(list, format);
    int result = print(p, n, format, list);
    va_end(list);
    return result;
}

/* Goes to a folder whose path has `length` characters, made in the present one, and back. */
static char start[4096], folder[4096];
static void enter_path_of(size_t length) {
    if (getcwd(start, sizeof start) == NULL || strlen(start) + 2 > length) abort();
    size_t name = length - strlen(start) - 1;
    memset(folder, 'd', name);
    folder[name] = 0;
    mkdir(folder, 0700);
    if (chdir(folder) != 0) abort();
}
static void leave_path(void) {
    if (chdir(start) != 0) abort();
    rmdir(folder);
}
#define in_place(length, call) ({ enter_path_of(length); (void)(call); leave_path(); 0; })
/* A link for the length of one call, under this process's own name: another may run the same case here. */
static char link_name[32];
static void make_link(size_t length) {
    char target[4096];
    memset(target, 't', length);
    target[length] = 0;
    snprintf(link_name, sizeof link_name, "link-of-%d", (int)getpid());
    if (symlink(target, link_name) != 0) abort();
}
#define with_link(length, call) ({ make_link(length); (void)(call); unlink(link_name); 0; })

extern const struct item __start_cases[] __attribute__((weak)), __stop_cases[] __attribute__((weak));

static int run_cases(int count, char **arguments) {
    if (count > 1 && strcmp(arguments[1], "list") == 0) {
        for (const struct item *item = __start_cases; item < __stop_cases; item++)
            printf("%s %s %zu %s %s %s\n", item->name, item->access, item->unit, item->distance,
                   item->inside ? "inside" : "anywhere", item->function);
        return 0;
    }
    static const char *const names[] = {"good", "after", "before", "freed"};
    for (int i = 0; i < 4; i++)
        if (count > 1 && strcmp(arguments[1], names[i]) == 0) way = i;
    size_t distance = count > 2 ? (size_t)atoi(arguments[2]) : 1;
    for (const struct item *item = __start_cases; item < __stop_cases; item++) {
        if ((way == BEFORE || way == FREED) && item->inside) continue;
        int one = item->distance[0] == 'o';
        size_t further = one && way == AFTER ? 1 : distance;
        block = calloc(UNITS, item->unit);
        char *at = way == BEFORE ? block - further * item->unit : block;
        if (way == FREED) free(block);
        item->run(at, way == AFTER ? UNITS + further : UNITS);
        if (way != FREED) free(block);
    }
    return 0;
}
