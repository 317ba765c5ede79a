// System calls before any library's constructor has run, LDT's among them: arguments, errors and a child as without LDT.
#define _GNU_SOURCE
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static char *page;
static long closed, child;
static int error;

static void early(void) {
    page = (char *)syscall(SYS_mmap, NULL, 4096L, (long)PROT_READ, (long)MAP_PRIVATE | MAP_ANONYMOUS, -1L, 0L);
    closed = syscall(SYS_close, -1);
    error = errno;
    child = syscall(SYS_clone, (long)SIGCHLD, NULL, NULL, NULL, 0L);
    if (child == 0) {
        _exit(7);
    }
}

__attribute__((section(".preinit_array"), used)) static void (*const first)(void) = early;

int main(void) {
    int status = 0;
    waitpid((pid_t)child, &status, 0);
    printf("page %d, close %ld %s, child %d\n", page != MAP_FAILED && *page == 0, closed, strerror(error),
           WEXITSTATUS(status));
    return 0;
}
