// CHECK: kind=heap-buffer-underflow access=write offset=-1 block=32 alloc=make
// One byte before a block.
#include <stdlib.h>
#include <string.h>
#include <stdio.h>

static char *make(size_t size) { return malloc(size); }

static void touch(volatile char *block) {
#ifdef CLEAN
    block[0] = 1;
#else
    block[-1] = 1;
#endif
}

int main(void) {
    char *block = make(32);
    touch(block);
    free(block);
    return 0;
}
