// CHECK: kind=bad-free offset=8 block=64 alloc=make fault=main called=free
// BUILD: -Wno-free-nonheap-object
// A pointer into a block is freed.
#include <stdlib.h>
#include <string.h>
#include <stdio.h>

static char *make(size_t size) { return malloc(size); }

int main(void) {
    char *block = make(64);
#ifdef CLEAN
    free(block);
#else
    free(block + 8);
    free(block);
#endif
    return 0;
}
