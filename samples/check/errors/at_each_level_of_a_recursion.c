// CHECK: kind=heap-buffer-overflow access=write block=16 offset=16 size=1 fault=descend alloc=descend count=1
// CHECK: kind=heap-buffer-overflow access=write block=16 offset=16 size=1 fault=descend alloc=descend count=1
// CHECK: kind=heap-buffer-overflow access=write block=16 offset=16 size=1 fault=descend alloc=descend count=1
// CHECK: kind=heap-buffer-overflow access=write block=16 offset=16 size=1 fault=descend alloc=descend count=1
// CHECK: kind=heap-buffer-overflow access=write block=16 offset=16 size=1 fault=descend alloc=descend count=1
// CHECK: kind=heap-buffer-overflow access=write block=16 offset=16 size=1 fault=descend alloc=descend count=1
// CHECK: kind=heap-buffer-overflow access=write block=16 offset=16 size=1 fault=descend alloc=descend count=1
// CHECK: kind=heap-buffer-overflow access=write block=16 offset=16 size=1 fault=descend alloc=descend count=1
// CHECK: kind=heap-buffer-overflow access=write block=16 offset=16 size=1 fault=descend alloc=descend count=1
// CHECK: kind=heap-buffer-overflow access=write block=16 offset=16 size=1 fault=descend alloc=descend count=1
// CHECK: kind=heap-buffer-overflow access=write block=16 offset=16 size=1 fault=descend alloc=descend count=1
// CHECK: kind=heap-buffer-overflow access=write block=16 offset=16 size=1 fault=descend alloc=descend count=1
// CHECK: kind=heap-buffer-overflow access=write block=16 offset=16 size=1 fault=descend alloc=descend count=1
// CHECK: kind=heap-buffer-overflow access=write block=16 offset=16 size=1 fault=descend alloc=descend count=1
// CHECK: kind=heap-buffer-overflow access=write block=16 offset=16 size=1 fault=descend alloc=descend count=1
// CHECK: kind=heap-buffer-overflow access=write block=16 offset=16 size=1 fault=descend alloc=descend count=1
// CHECK: kind=heap-buffer-overflow access=write block=16 offset=16 size=1 fault=descend alloc=descend count=24
// An error that a recursion makes at each of its forty levels: all have another stack. The outermost one and the first sixteen
// of the others, whose stacks are of the same frames, are told; what follows is counted with the last of these.
#include <stdlib.h>

#ifdef CLEAN
#define BYTES 17
#else
#define BYTES 16
#endif

static __attribute__((noinline)) int descend(int levels) {
    volatile char *block = malloc(BYTES);
    if (!block) return 1;
    block[16] = 1;
    int failed = levels ? descend(levels - 1) : 0;
    free((void *)block);
    return failed;
}

int main(void) { return descend(39); }
