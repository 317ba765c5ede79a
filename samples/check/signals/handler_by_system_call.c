// CHECK: kind=heap-buffer-overflow access=write offset=32 block=32 fault=overflow guard=all,adaptive
// CHECK: kind=heap-buffer-overflow access=write offset=32 block=32 detected_by=redzone guard=off
// A handler for SIGSEGV set by a system call of its own, past libc's functions, as some runtimes do it: it gets the
// program's faults and not the guards', and what was set is what both ways tell. Errors are the kernel's, and other
// system calls are not concerned, not even those that return twice or have six arguments.
#define _GNU_SOURCE
#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

struct kernel_action {
    void (*handler)(int, siginfo_t *, void *);
    unsigned long flags;
    void (*restorer)(void);
    unsigned long mask;
};

void restorer(void);
__asm__(".globl restorer\nrestorer: mov $15, %eax\nsyscall\n");

static sigjmp_buf out;
static volatile int seen;

static void handler(int number, siginfo_t *info, void *context) {
    (void)context;
    seen += number == SIGSEGV;
    siglongjmp(out, (int)(long)info->si_addr);
}

static void returns(int number, siginfo_t *info, void *context) {
    (void)info, (void)context;
    seen += number == SIGUSR1;
}

static void overflow(char *volatile block) { block[32] = 1; }

static long set(int number, const void *new, void *old, long mask_bytes) {
    errno = 0;
    return syscall(SYS_rt_sigaction, number, new, old, mask_bytes);
}

static void try(const char *what, int number, const void *new, void *old, long mask_bytes) {
    long result = set(number, new, old, mask_bytes);
    printf("%s: %ld %s\n", what, result, strerror(errno));
}

int main(void) {
    struct kernel_action action = {handler, SA_SIGINFO | 0x04000000, restorer, 1 << (SIGUSR2 - 1)}, told;
    struct sigaction libc_told;
    try("set", SIGSEGV, &action, &told, 8);
    printf("before: %d\n", told.handler == NULL);
    try("ask", SIGSEGV, NULL, &told, 8);
    printf("told: %d\n", memcmp(&told, &action, sizeof told));
    sigaction(SIGSEGV, NULL, &libc_told);
    printf("libc says: %d %d\n", libc_told.sa_sigaction == handler, sigismember(&libc_told.sa_mask, SIGUSR2));

    char *volatile block = malloc(32);
    overflow(block);
    printf("after the overflow: %d\n", seen);
    for (int fault = 1; fault <= 3; fault++) {
        int address = sigsetjmp(out, 1);
        if (address == 0) {
            *(volatile char *)(long)fault = 1;
        } else {
            printf("fault at %d\n", address);
        }
    }
    free(block);

    // Every signal is blocked in this one.
    struct kernel_action other = {returns, SA_SIGINFO | 0x04000000, restorer, ~0ul};
    try("another", SIGUSR1, &other, NULL, 8);
    raise(SIGUSR1);
    try("ask", SIGUSR1, NULL, &told, 8);
    printf("told: %d %#lx, seen %d\n", told.handler == returns, told.mask, seen);
    libc_told.sa_sigaction = returns;
    sigaction(SIGSEGV, &libc_told, NULL);
    try("ask", SIGSEGV, NULL, &told, 8);
    printf("a restorer: %d\n", told.restorer != NULL);

    try("no address to read", SIGSEGV, (void *)8, NULL, 8);
    try("no address to write", SIGSEGV, NULL, (void *)8, 8);
    try("another mask", SIGSEGV, NULL, &told, 16);
    try("no signal", 65, NULL, &told, 8);
    try("no signal", 0, &action, &told, 8);
    try("SIGKILL", SIGKILL, &action, &told, 8);
    try("SIGKILL", SIGKILL, NULL, &told, 8);

    char *page = (char *)syscall(SYS_mmap, NULL, 4096L, (long)PROT_READ, (long)MAP_PRIVATE | MAP_ANONYMOUS, -1L, 0L);
    printf("six arguments: %d\n", page != MAP_FAILED && *page == 0);
    errno = 0;
    long closed = syscall(SYS_close, -1);
    printf("an error: %ld %s\n", closed, strerror(errno));
    errno = 0;
    long none = syscall(-1L);
    printf("no such call: %ld %s\n", none, strerror(errno));
    fflush(stdout);
    long child = syscall(SYS_clone, (long)SIGCHLD, NULL, NULL, NULL, 0L);
    if (child == 0) {
        _exit(7);
    }
    int status = 0;
    waitpid((pid_t)child, &status, 0);
    printf("a child: %d\n", WEXITSTATUS(status));
    return 0;
}
