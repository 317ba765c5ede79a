// CHECK: kind=crash
// SIGSEGV that is sent, not raised by an instruction: it waits while it is blocked, is passed over while it
// is ignored, comes with its sender, and kills where nothing is set.
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static void handler(int number, siginfo_t *info, void *context) {
    (void)context;
    printf("got %d, from me: %d, code %d\n", number, info->si_pid == getpid(), info->si_code);
}

int main(void) {
    struct sigaction action = {0};
    action.sa_sigaction = handler;
    action.sa_flags = SA_SIGINFO;
    sigaction(SIGSEGV, &action, NULL);
    free(malloc(10));
    kill(getpid(), SIGSEGV);
    sigset_t only;
    sigemptyset(&only);
    sigaddset(&only, SIGSEGV);
    sigprocmask(SIG_BLOCK, &only, NULL);
    kill(getpid(), SIGSEGV);
    printf("blocked\n");
    sigprocmask(SIG_UNBLOCK, &only, NULL);
    signal(SIGSEGV, SIG_IGN);
    kill(getpid(), SIGSEGV);
    printf("ignored\n");
    fflush(stdout);
    signal(SIGSEGV, SIG_DFL);
    kill(getpid(), SIGSEGV);
    printf("not reached\n");
    return 0;
}
