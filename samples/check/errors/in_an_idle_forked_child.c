// CHECK: kind=heap-buffer-overflow access=write offset=20 block=20 alloc=make detected_by=redzone
// The child writes behind a block of its parent's and calls nothing of the heap: its end is the first that LDT
// sees of it.
#include <sys/wait.h>
#include <unistd.h>
#include <stdlib.h>

static char *make(size_t size) { return malloc(size); }

int main(void) {
    char *volatile block = make(20);
    pid_t pid = fork();
    if (pid == 0) {
#ifndef CLEAN
        block[20] = 1;
#endif
        _exit(0);
    }
    int status = 0;
    waitpid(pid, &status, 0);
    free(block);
    return 0;
}
