// LDT: allocations=400 frees=400 leaf:allocations=400 main:allocations=400
// Returns by longjmp from different depths: no frame of the abandoned calls may stay in a stack.
#include <setjmp.h>
#include <stdlib.h>

static jmp_buf back;
static volatile long passed;

__attribute__((noinline)) void leaf(int jump) {
    free(malloc(24));
    passed++;
    if (jump) longjmp(back, 1);
}

__attribute__((noinline)) void descend(int frames, int jump) {
    if (frames == 0) leaf(jump); else descend(frames - 1, jump);
    passed++;
}

int main(void) {
    for (volatile int round = 0; round < 200; round++) {
        if (setjmp(back) == 0) descend(round % 30, 1);
        descend(round % 7, 0);
    }
    return 0;
}
