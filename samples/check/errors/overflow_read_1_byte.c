// CHECK: kind=heap-buffer-overflow access=read size=1 offset=32 block=32 guard=all,adaptive alloc=make fault=touch
// One byte read after a block.
#include <stdlib.h>
#include <string.h>
#include <stdio.h>

static char *make(size_t size) { return malloc(size); }

static void touch(volatile char *block) {
#ifdef CLEAN
    (void)block[31];
#else
    (void)block[32];
#endif
}

int main(void) {
    char *block = make(32);
    touch(block);
    free(block);
    return 0;
}
