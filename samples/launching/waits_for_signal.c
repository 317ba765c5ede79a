// Part of the launcher's tests: tells that it is ready, waits for a signal and ends with its number.
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

int main(void) {
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGHUP);
    sigaddset(&set, SIGUSR1);
    sigaddset(&set, SIGUSR2);
    sigprocmask(SIG_BLOCK, &set, NULL);
    free(malloc(100));
    if (write(STDOUT_FILENO, "ready\n", 6) != 6) return 1;
    int number = 0;
    sigwait(&set, &number);
    return number;
}
