// LDT: allocations=1000000 frees=1000000 leaked_blocks=0 valgrind=no
// A million different sizes over more than ten thousand stacks: nothing can be folded together by its
// (size, stack) pair.
// Usage: diversity [memory]. It prints its own peak of memory when it is told to.
#include "peak.h"
#include <stdlib.h>

static volatile long passed;

/* Fourteen two-way turns make 16,384 stacks. */
__attribute__((noinline)) void left(unsigned path, int turns, size_t size);
__attribute__((noinline)) void right(unsigned path, int turns, size_t size);

static inline __attribute__((always_inline)) void turn(unsigned path, int turns, size_t size) {
    if (turns == 0) free(malloc(size));
    else if (path & 1) left(path >> 1, turns - 1, size);
    else right(path >> 1, turns - 1, size);
    passed++;
}

void left(unsigned path, int turns, size_t size) { turn(path, turns, size); }
void right(unsigned path, int turns, size_t size) { turn(path, turns, size); passed++; }

int main(int count, char **arguments) {
    (void)arguments;
    for (unsigned size = 1; size <= 1000000; size++) turn(size * 2654435761u >> 13, 14, size);
    if (count > 1) print_peak_of_memory();
    return 0;
}
