// CHECK: kind=heap-buffer-overflow access=read size=1 offset=21 block=21 alloc=make fault=touch detected_by=guard guard=all,adaptive watchpoints=yes
// A forked child has watchpoints of its own.
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

static char *make(size_t size) { return malloc(size); }

static void touch(volatile char *block) {
#ifdef CLEAN
    (void)block[20];
#else
    (void)block[21];
#endif
}

int main(void) {
    free(make(37));
    if (fork() == 0) {
        char *block = make(21);
        touch(block);
        free(block);
        _exit(0);
    }
    int status;
    wait(&status);
    return 0;
}
