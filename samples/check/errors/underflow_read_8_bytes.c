// CHECK: kind=heap-buffer-underflow access=read size=8 offset=-8 block=48 guard-side=before guard=all alloc=make fault=touch
// The word before a block is read.
#include <stdlib.h>
#include <string.h>
#include <stdio.h>

static char *make(size_t size) { return malloc(size); }

static void touch(volatile char *block) {
#ifdef CLEAN
    (void)((volatile long *)block)[0];
#else
    (void)((volatile long *)block)[-1];
#endif
}

int main(void) {
    char *block = make(48);
    touch(block);
    free(block);
    return 0;
}
