// CHECK: kind=heap-buffer-underflow access=read size=1 offset=-1 block=32 alloc=make fault=touch detected_by=guard guard=all,adaptive watchpoints=yes
// One byte is read in front of a call stack's only block, which lies against the guard page behind it.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static char *make(size_t size) { return malloc(size); }

static void touch(volatile char *block) {
#ifdef CLEAN
    (void)block[0];
#else
    (void)block[-1];
#endif
}

int main(void) {
    char *block = make(32);
    memset(block, 1, 32);
    touch(block);
    free(block);
    return 0;
}
