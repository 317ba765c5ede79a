// Part of the launcher's tests: replaces itself by the command that it is given, with SIGCHLD blocked, as those leave it
// who wait for children by signalfd.
#include <signal.h>
#include <unistd.h>

int main(int count, char **words) {
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGCHLD);
    sigprocmask(SIG_BLOCK, &set, 0);
    if (count > 1)
        execvp(words[1], words + 1);
    return 127;
}
