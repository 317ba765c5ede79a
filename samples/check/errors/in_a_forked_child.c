// CHECK: kind=heap-use-after-free access=write offset=0 block=64 alloc=main freed=child
// The child uses a block that the parent allocated and the child freed.
#include <sys/wait.h>
#include <unistd.h>
#include <stdlib.h>
#include <string.h>
#include <stdio.h>

static void child(char *volatile block) {
    free(block);
#ifndef CLEAN
    block[0] = 1;
#endif
}

int main(void) {
    char *block = malloc(64);
    pid_t pid = fork();
    if (pid == 0) {
        child(block);
        exit(0);
    }
    int status = 0;
    waitpid(pid, &status, 0);
    free(block);
    return 0;
}
