// CHECK: kind=heap-buffer-overflow access=write size=4 offset=40 block=40 alloc=make guard=all,adaptive,off
// Four bytes just after a block of 40.
#include <stdlib.h>
#include <string.h>
#include <stdio.h>

static char *make(size_t size) { return malloc(size); }

static void touch(volatile char *block) {
#ifdef CLEAN
    *(volatile int *)(block + 36) = 7;
#else
    *(volatile int *)(block + 40) = 7;
#endif
}

int main(void) {
    char *block = make(40);
    touch(block);
    free(block);
    return 0;
}
