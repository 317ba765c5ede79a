// LINKED: check/options/handlers_at_forks_library.c
// A library has handlers called at forks, from its constructor, before the first allocation of all; they allocate, and the one
// before waits for a thread that frees. The program forks, and all of them have what they need.
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

int calls_of_handlers(void);

int main(void) {
    for (int round = 0; round < 3; round++) {
        free(malloc(100));
        pid_t child = fork();
        if (child == 0) _exit(calls_of_handlers());
        int status = -1;
        waitpid(child, &status, 0);
        printf("%d\n", WEXITSTATUS(status));
    }
    return 0;
}
