// CHECK: kind=heap-use-after-free access=read size=4 offset=4 block=24 guard=all,adaptive fault=touch alloc=make freed=drop
// A read right after the free.
#include <stdlib.h>
#include <string.h>
#include <stdio.h>

static char *make(size_t size) { return malloc(size); }

static void drop(char *block) { free(block); }

static void touch(volatile char *block) {
#ifdef CLEAN
    (void)block;
#else
    (void)((volatile int *)block)[1];
#endif
}

int main(void) {
    char *block = make(24);
    memset(block, 1, 24);
    drop(block);
    touch(block);
    return 0;
}
