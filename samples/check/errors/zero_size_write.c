// CHECK: kind=heap-buffer-overflow access=write offset=0 block=0 alloc=make
// The first byte of a block of size 0 is written.
#include <stdlib.h>
#include <string.h>
#include <stdio.h>

static char *make(size_t size) { return malloc(size); }

static void touch(volatile char *block) {
#ifdef CLEAN
    (void)block;
#else
    block[0] = 1;
#endif
}

int main(void) {
    char *block = make(0);
    touch(block);
    free(block);
    return 0;
}
