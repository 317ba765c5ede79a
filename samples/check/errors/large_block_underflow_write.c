// CHECK: kind=heap-buffer-underflow access=write offset=-4096 block=1000000 guard=all,adaptive alloc=make
// The page before a large block.
#include <stdlib.h>
#include <string.h>
#include <stdio.h>

static char *make(size_t size) { return malloc(size); }

static void touch(volatile char *block) {
#ifdef CLEAN
    block[0] = 1;
#else
    block[-4096] = 1;
#endif
}

int main(void) {
    char *block = make(1000000);
    touch(block);
    free(block);
    return 0;
}
