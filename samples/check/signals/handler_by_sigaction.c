// A handler set by sigaction sees what the kernel says of the fault, and gets the program out by
// siglongjmp, again and again; what was set is what is told.
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

static sigjmp_buf out;
static volatile long seen;

static void handler(int number, siginfo_t *info, void *context) {
    (void)context;
    seen += number == SIGSEGV && info->si_code == SEGV_MAPERR;
    siglongjmp(out, (int)(long)info->si_addr);
}

int main(void) {
    struct sigaction action = {0}, before, told;
    action.sa_sigaction = handler;
    action.sa_flags = SA_SIGINFO;
    sigfillset(&action.sa_mask);
    sigaction(SIGSEGV, &action, &before);
    free(malloc(100));
    sigaction(SIGSEGV, NULL, &told);
    printf("before: %d\n", before.sa_handler == SIG_DFL);
    printf("told: %d %#x %d %d\n", told.sa_sigaction == handler, told.sa_flags & ~0x04000000,
           sigismember(&told.sa_mask, SIGSEGV), sigismember(&told.sa_mask, SIGKILL));
    for (int fault = 1; fault <= 1000; fault++) {
        int address = sigsetjmp(out, 1);
        if (address == 0) {
            *(volatile char *)(long)fault = 1;
            printf("not reached\n");
        } else if (address != fault) {
            printf("address %#x instead of %#x\n", address, fault);
        }
    }
    sigset_t blocked;
    sigprocmask(SIG_BLOCK, NULL, &blocked);
    printf("seen %ld, blocked %d\n", seen, sigismember(&blocked, SIGSEGV));
    return 0;
}
