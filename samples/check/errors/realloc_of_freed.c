// CHECK: kind=double-free offset=0 block=32 alloc=make freed=drop fault=main called=realloc
// BUILD: -Wno-use-after-free
// realloc of a block that has been freed.
#include <stdlib.h>
#include <string.h>
#include <stdio.h>

static char *make(size_t size) { return malloc(size); }

static void drop(char *block) { free(block); }

int main(void) {
    char *block = make(32);
    char *volatile stale = block;
    drop(block);
#ifdef CLEAN
    stale = NULL;
#endif
    free(realloc(stale, 64));
    return 0;
}
