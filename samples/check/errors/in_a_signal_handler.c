// CHECK: kind=heap-buffer-overflow access=write offset=32 block=32 alloc=main fault=handler guard=all,adaptive
// The error happens in a signal handler.
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <stdio.h>

static char *volatile block;

static void handler(int number) {
    (void)number;
#ifdef CLEAN
    block[31] = 1;
#else
    block[32] = 1;
#endif
}

int main(void) {
    block = malloc(32);
    signal(SIGUSR1, handler);
    raise(SIGUSR1);
    free(block);
    return 0;
}
