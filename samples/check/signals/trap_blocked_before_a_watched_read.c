// A program that blocks SIGTRAP and waits for signals is never sent one that it did not cause.
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

static void read_behind(volatile char *block) { (void)block[13]; }

int main(void) {
    char *block = malloc(13);
    sigset_t all, pending;
    sigfillset(&all);
    sigprocmask(SIG_BLOCK, &all, NULL);
    read_behind(block);
    sigpending(&pending);
    printf("pending %d\n", sigismember(&pending, SIGTRAP));
    free(block);
    return 0;
}
