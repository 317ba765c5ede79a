// CHECK: kind=heap-use-after-free access=write offset=4 block=40 alloc=make freed=grow
// realloc moves: the old pointer is stale.
#include <stdlib.h>
#include <string.h>
#include <stdio.h>

static char *make(size_t size) { return malloc(size); }

static char *grow(char *block) { return realloc(block, 200); }

int main(void) {
    char *block = make(40);
    char *volatile old = block;
    block = grow(block);
#ifdef CLEAN
    old = block;
#endif
    old[4] = 1;
    free(block);
    return 0;
}
