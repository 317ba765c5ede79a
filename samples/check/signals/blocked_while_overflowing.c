// CHECK: kind=heap-buffer-overflow access=read size=1 offset=32 block=32 alloc=main fault=main guard=all,adaptive
// CHECK: kind=heap-buffer-overflow access=read size=1 offset=48 block=48 alloc=main fault=handler guard=all,adaptive
// SIGSEGV is blocked, by the program and by a handler's mask, when a guard page is touched: the run
// goes on, and the mask is told as it was set.
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

static volatile char *block;

static void handler(int number) {
    (void)number;
    sigset_t blocked;
    sigprocmask(SIG_BLOCK, NULL, &blocked);
    printf("in the handler: %d %d\n", sigismember(&blocked, SIGSEGV), sigismember(&blocked, SIGBUS));
    (void)block[48];
}

int main(void) {
    sigset_t all, blocked, only;
    sigfillset(&all);
    sigemptyset(&only);
    sigaddset(&only, SIGSEGV);
    sigprocmask(SIG_BLOCK, &only, NULL);
    sigprocmask(SIG_BLOCK, NULL, &blocked);
    for (int number = 1; number < 64; number++)
        if (sigismember(&blocked, number) == 1) printf("blocked: %d\n", number);
    sigprocmask(SIG_BLOCK, &all, &blocked);
    block = malloc(32);
    (void)block[32];
    free((void *)block);
    sigprocmask(SIG_SETMASK, &blocked, &all);
    printf("all: %d %d %d %d\n", sigismember(&all, SIGSEGV), sigismember(&all, SIGBUS),
           sigismember(&all, 61), sigismember(&all, 62));

    struct sigaction action = {0};
    action.sa_handler = handler;
    sigfillset(&action.sa_mask);
    sigaction(SIGUSR1, &action, NULL);
    sigprocmask(SIG_UNBLOCK, &only, NULL);
    block = malloc(48);
    raise(SIGUSR1);
    free((void *)block);
    sigprocmask(SIG_BLOCK, NULL, &blocked);
    printf("after: %d\n", sigismember(&blocked, SIGSEGV));
    return 0;
}
