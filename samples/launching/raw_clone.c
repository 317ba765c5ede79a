// Part of the launcher's tests: a child by a raw clone, which the C library has not heard of, allocates and becomes
// another program.
#include <signal.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static void *volatile kept;

int main(int count, char **arguments) {
    kept = malloc(5);
    long child = syscall(SYS_clone, (long)SIGCHLD, NULL, NULL, NULL, 0L);
    if (child == 0) {
        for (int size = 100; size < 110; size++) {
            free(kept);
            kept = malloc((size_t)size);
        }
        if (count > 1) execv(arguments[1], arguments + 1);
        _exit(9);
    }
    int status = 0;
    waitpid((pid_t)child, &status, 0);
    return WEXITSTATUS(status);
}
