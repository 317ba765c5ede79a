// CHECK: kind=heap-use-after-free access=write offset=0 block=100 alloc=make freed=drop
// A write after 10,000 other allocations.
#include <stdlib.h>
#include <string.h>
#include <stdio.h>

static char *make(size_t size) { return malloc(size); }

static void drop(char *block) { free(block); }

static void touch(volatile char *block) {
#ifdef CLEAN
    (void)block;
#else
    block[0] = 1;
#endif
}

int main(void) {
    char *block = make(100);
    memset(block, 1, 100);
    drop(block);
    for (int i = 0; i < 10000; i++) {
        volatile char *other = malloc(1 + i % 200);
        other[0] = 1;
        free((char *)other);
    }
    touch(block);
    return 0;
}
