// LDT: bottom:allocations=1 bottom:leaked_bytes=77 main:allocations=1
// 4,000 frames: the whole stack is kept, out to main.
#include <stdlib.h>

static volatile long below;

__attribute__((noinline)) void bottom(void) { (void)!malloc(77); below++; }

__attribute__((noinline)) void descend(int frames) {
    if (frames == 0) bottom(); else descend(frames - 1);
    below++;
}

int main(void) {
    descend(4000);
    return below == 0;
}
