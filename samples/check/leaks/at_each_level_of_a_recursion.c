// LEAKS: definite=800/100
// A recursion that loses a block at each of its hundred levels: seventeen records, of the outermost level, of the next
// sixteen, the last of which has the rest as well.
#include <stdlib.h>

static __attribute__((noinline)) int descend(int levels) {
    void *volatile block = malloc(8);
#ifdef CLEAN
    free(block);
#endif
    block = NULL;
    return levels ? descend(levels - 1) + 1 : 1;
}

int main(void) { return descend(99) != 100; }
