// CHECK: kind=heap-buffer-overflow access=write offset=20 block=20 alloc=make detected_by=redzone
// The child writes behind a block of its parent's and forks: what it has written it shares with its own child, which
// lives longer.
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

static char *make(size_t size) { return malloc(size); }

int main(void) {
    char *volatile block = make(20);
    int told[2];
    if (pipe(told) != 0) return 1;
    pid_t child = fork();
    if (child == 0) {
#ifndef CLEAN
        block[20] = 1;
#endif
        pid_t grandchild = fork();
        if (grandchild == 0) {
            for (;;) pause();
        }
        _exit(write(told[1], &grandchild, sizeof grandchild) != sizeof grandchild);
    }
    pid_t grandchild = 0;
    if (read(told[0], &grandchild, sizeof grandchild) != sizeof grandchild) return 1;
    int status = 0;
    waitpid(child, &status, 0);
    if (grandchild > 0) kill(grandchild, SIGKILL);
    free(block);
    return 0;
}
