// CHECK: kind=heap-buffer-overflow access=read size=8 offset=80 block=64 alloc=make fault=touch detected_by=guard guard=all,adaptive
// Of sixty blocks from one call stack the forty-first is read past its end: in a short program the later blocks of a stack are
// guarded too, those with an even number after their ends.
#include <stdlib.h>

static long *make(void) { return malloc(64); }

static void touch(volatile long *block) {
#ifdef CLEAN
    (void)block[7];
#else
    (void)block[10];
#endif
}

int main(void) {
    long *blocks[60];
    for (int i = 0; i < 60; i++) blocks[i] = make();
    touch(blocks[40]);
    for (int i = 0; i < 60; i++) free(blocks[i]);
    return 0;
}
