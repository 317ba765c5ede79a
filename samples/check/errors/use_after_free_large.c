// CHECK: kind=heap-use-after-free access=read size=1 offset=100000 block=300000 guard=all,adaptive fault=touch alloc=make freed=drop
// A large block loses its pages when it is freed.
#include <stdlib.h>
#include <string.h>
#include <stdio.h>

static char *make(size_t size) { return malloc(size); }

static void drop(char *block) { free(block); }

static void touch(volatile char *block) {
#ifdef CLEAN
    (void)block;
#else
    (void)block[100000];
#endif
}

int main(void) {
    char *block = make(300000);
    memset(block, 1, 300000);
    drop(block);
    touch(block);
    return 0;
}
