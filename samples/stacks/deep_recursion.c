// LDT: bottom:allocations=1 bottom:leaked_bytes=77
// 20,000 frames: more than LDT keeps, so the stack has its innermost frames and says that it was cut.
#include <stdlib.h>

static volatile long below;

__attribute__((noinline)) void bottom(void) { (void)!malloc(77); below++; }

__attribute__((noinline)) void descend(int frames) {
    if (frames == 0) bottom(); else descend(frames - 1);
    below++;
}

int main(void) {
    descend(20000);
    return 0;
}
