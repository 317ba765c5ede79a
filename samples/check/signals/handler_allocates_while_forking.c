// A signal handler allocates while the process forks, over and over: the kernel runs handlers in the middle of a fork,
// which then begins anew. Main does nothing but what a handler may interrupt.
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

enum { TURNS = 60, BIG = 64 << 20, PAGE = 4096 };

static void allocate(int signal) { free(malloc(200000 + signal)); }

int main(void) {
    struct sigaction action = {.sa_handler = allocate, .sa_flags = SA_RESTART};
    sigaction(SIGALRM, &action, 0);
    /* The more there is to copy, the longer a fork takes. */
    char *big = malloc(BIG);
    for (int index = 0; index < BIG; index += PAGE) big[index] = 1;
    struct itimerval often = {{0, 1000}, {0, 1000}}, never = {{0, 0}, {0, 0}};
    setitimer(ITIMER_REAL, &often, 0);
    for (int turn = 0; turn < TURNS; turn++) {
        pid_t child = fork();
        if (child == 0) _exit(0);
        while (waitpid(child, 0, 0) < 0) { }
    }
    setitimer(ITIMER_REAL, &never, 0);
    free(big);
    puts("done");
    return 0;
}
