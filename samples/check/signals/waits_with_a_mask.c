// CHECK: kind=heap-buffer-overflow access=read size=1 offset=32 block=32 alloc=main fault=handler guard=all,adaptive
// sigsuspend, ppoll and pselect wait with a mask of their own, which has SIGSEGV blocked, and a handler that
// ends the wait touches a guard page.
#define _GNU_SOURCE
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/select.h>

static volatile char *block;

static void handler(int number) {
    (void)number;
    (void)block[32];
}

int main(void) {
    // The output has its buffer before: what is allocated after a guard was lifted may close it again.
    printf("waits\n");
    block = malloc(32);
    signal(SIGUSR1, handler);
    sigset_t only, others, blocked;
    sigemptyset(&only);
    sigaddset(&only, SIGUSR1);
    sigfillset(&others);
    sigdelset(&others, SIGUSR1);
    sigprocmask(SIG_BLOCK, &only, NULL);
    raise(SIGUSR1);
    printf("sigsuspend: %d\n", sigsuspend(&others));
    raise(SIGUSR1);
    printf("ppoll: %d\n", ppoll(NULL, 0, NULL, &others));
    raise(SIGUSR1);
    printf("pselect: %d\n", pselect(0, NULL, NULL, NULL, NULL, &others));
    sigprocmask(SIG_BLOCK, NULL, &blocked);
    printf("after: %d %d\n", sigismember(&blocked, SIGSEGV), sigismember(&blocked, SIGUSR1));
    free((void *)block);
    return 0;
}
