// CHECK: kind=heap-buffer-overflow access=read size=1 offset=0 block=0 guard=all,adaptive alloc=make fault=touch
// A block of size 0 has no byte.
#include <stdlib.h>
#include <string.h>
#include <stdio.h>

static char *make(size_t size) { return malloc(size); }

static void touch(volatile char *block) {
#ifdef CLEAN
    (void)block;
#else
    (void)block[0];
#endif
}

int main(void) {
    char *block = make(0);
    touch(block);
    free(block);
    return 0;
}
