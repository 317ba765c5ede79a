// CHECK: kind=heap-use-after-free access=write offset=8 block=64 alloc=make freed=drop
// A write right after the free.
#include <stdlib.h>
#include <string.h>
#include <stdio.h>

static char *make(size_t size) { return malloc(size); }

static void drop(char *block) { free(block); }

static void touch(volatile char *block) {
#ifdef CLEAN
    (void)block;
#else
    block[8] = 1;
#endif
}

int main(void) {
    char *block = make(64);
    memset(block, 1, 64);
    drop(block);
    touch(block);
    return 0;
}
