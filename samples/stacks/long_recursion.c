// LDT: bottom:allocations=11 bottom:leaked_bytes=847
// 40,000 frames, more than twice what LDT keeps, and allocations at eleven depths in a row: each stack has its innermost
// frames by the thousand.
#include <stdlib.h>

static volatile long below;

__attribute__((noinline)) void bottom(void) { (void)!malloc(77); below++; }

__attribute__((noinline)) void descend(int frames) {
    if (frames <= 10) bottom();
    if (frames > 0) descend(frames - 1);
    below++;
}

int main(void) {
    descend(40000);
    return 0;
}
