// LDT: bottom:allocations=2000 allocations=2000 valgrind=no
// Two thousand stacks of 4,000 frames, which differ in a few frames near the bottom, then near the top.
#include <stdlib.h>

static volatile long passed;

__attribute__((noinline)) void bottom(void) { free(malloc(32)); passed++; }

__attribute__((noinline)) void plain(int frames, int odd);

__attribute__((noinline)) void strange(int frames, int odd) {
    if (frames == 0) bottom(); else plain(frames - 1, odd);
    passed++;
}

void plain(int frames, int odd) {
    if (frames == 0) bottom();
    else if (frames == odd) strange(frames - 1, odd);
    else plain(frames - 1, odd);
    passed++;
}

int main(void) {
    for (int round = 1; round <= 1000; round++) {
        plain(3990, round);
        plain(3990, 3990 - round);
    }
    return 0;
}
