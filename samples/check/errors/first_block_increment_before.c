// CHECK: kind=heap-buffer-underflow access=write size=4 offset=-4 block=32 alloc=make fault=touch detected_by=guard guard=all,adaptive watchpoints=yes
// A number in front of a call stack's only block is counted up, at the instruction and not by the redzone.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static char *make(size_t size) { return malloc(size); }

static void touch(volatile char *block) {
#ifdef CLEAN
    ((volatile int *)block)[0]++;
#else
    ((volatile int *)block)[-1]++;
#endif
}

int main(void) {
    char *block = make(32);
    memset(block, 1, 32);
    touch(block);
    free(block);
    return 0;
}
