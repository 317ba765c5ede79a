// CHECK: kind=heap-buffer-overflow access=read size=1 offset=13 block=13 alloc=make fault=touch detected_by=guard guard=all,adaptive watchpoints=yes
// A vfork child, whose memory is its parent's, blocks all signals before it executes: its parent's blocks stay watched.
#define _GNU_SOURCE
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static char *make(size_t size) { return malloc(size); }

static void touch(volatile char *block) {
#ifdef CLEAN
    (void)block[12];
#else
    (void)block[13];
#endif
}

int main(void) {
    char *block = make(13);
    memset(block, 1, 13);
    sigset_t all;
    sigfillset(&all);
    pid_t child = vfork();
    if (child == 0) {
        sigprocmask(SIG_SETMASK, &all, NULL);
        _exit(0);
    }
    waitpid(child, NULL, 0);
    touch(block);
    free(block);
    return 0;
}
