// CHECK: kind=heap-buffer-overflow access=write size=1 offset=32 block=32 alloc=make fault=touch
// One byte after a block, where a page ends.
#include <stdlib.h>
#include <string.h>
#include <stdio.h>

static char *make(size_t size) { return malloc(size); }

static void touch(volatile char *block) {
#ifdef CLEAN
    block[31] = 1;
#else
    block[32] = 1;
#endif
}

int main(void) {
    char *block = make(32);
    touch(block);
    free(block);
    return 0;
}
