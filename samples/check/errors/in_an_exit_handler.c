// CHECK: kind=heap-use-after-free access=write offset=0 block=48 alloc=main freed=late
// The error happens after main.
#include <stdlib.h>
#include <string.h>
#include <stdio.h>

static char *volatile block;

static void late(void) {
    free(block);
#ifndef CLEAN
    block[0] = 1;
#endif
}

int main(void) {
    block = malloc(48);
    atexit(late);
    return 0;
}
