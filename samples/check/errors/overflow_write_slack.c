// CHECK: kind=heap-buffer-overflow access=write offset=20 block=20 alloc=make
// One byte after a block whose end is no multiple of 16: a redzone sees it later.
#include <stdlib.h>
#include <string.h>
#include <stdio.h>

static char *make(size_t size) { return malloc(size); }

static void touch(volatile char *block) {
#ifdef CLEAN
    block[19] = 1;
#else
    block[20] = 1;
#endif
}

int main(void) {
    char *block = make(20);
    touch(block);
    free(block);
    return 0;
}
