// LDT: bottom:allocations=50 allocations=50 valgrind=no
// Stacks of 4,000 frames, which differ from one another near the bottom, then near the top.
// Usage: deep_stacks [PAIRS]. It prints its own peak of memory when it is given a number.
#include "peak.h"
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

int main(int count, char **arguments) {
    int pairs = count > 1 ? atoi(arguments[1]) : 25;
    for (int round = 1; round <= pairs; round++) {
        plain(3990, round);
        plain(3990, 3990 - round);
    }
    if (count > 1) print_peak_of_memory();
    return 0;
}
