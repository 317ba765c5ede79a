// CHECK: kind=heap-buffer-overflow access=write size=1 offset=4160 block=64 guard=all,adaptive alloc=make fault=touch
// 4,096 bytes after the end of a block.
#include <stdlib.h>
#include <string.h>
#include <stdio.h>

static char *make(size_t size) { return malloc(size); }

static void touch(volatile char *block) {
#ifdef CLEAN
    block[63] = 1;
#else
    block[64 + 4096] = 1;
#endif
}

int main(void) {
    char *block = make(64);
    touch(block);
    free(block);
    return 0;
}
