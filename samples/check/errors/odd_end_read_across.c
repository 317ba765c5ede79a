// CHECK: kind=heap-buffer-overflow access=read size=8 offset=1 block=8 alloc=make fault=touch detected_by=guard guard=all,adaptive watchpoints=yes
// A number at an odd address is read, the last byte of which lies behind the block.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static char *make(size_t size) { return malloc(size); }

static void touch(volatile char *block) {
#ifdef CLEAN
    (void)*(volatile long *)block;
#else
    (void)*(volatile long *)(block + 1);
#endif
}

int main(void) {
    char *block = make(8);
    memset(block, 1, 8);
    touch(block);
    free(block);
    return 0;
}
