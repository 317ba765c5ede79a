// CHECK: kind=heap-buffer-overflow access=write size=4 offset=400 block=400 guard=all,adaptive alloc=make fault=touch
// A loop that goes one too far.
#include <stdlib.h>
#include <string.h>
#include <stdio.h>

static char *make(size_t size) { return malloc(size); }

static void touch(volatile char *block) {
#ifdef CLEAN
    for (int i = 0; i < 100; i++) ((volatile int *)block)[i] = i;
#else
    for (int i = 0; i <= 100; i++) ((volatile int *)block)[i] = i;
#endif
}

int main(void) {
    char *block = make(400);
    touch(block);
    free(block);
    return 0;
}
