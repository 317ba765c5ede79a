// CHECK: kind=heap-buffer-overflow access=read size=8 offset=128 block=64 guard=all,adaptive alloc=make fault=touch
// Eight elements after the end of an array of longs.
#include <stdlib.h>
#include <string.h>
#include <stdio.h>

static char *make(size_t size) { return malloc(size); }

static void touch(volatile char *block) {
#ifdef CLEAN
    (void)((volatile long *)block)[7];
#else
    (void)((volatile long *)block)[16];
#endif
}

int main(void) {
    char *block = make(64);
    touch(block);
    free(block);
    return 0;
}
