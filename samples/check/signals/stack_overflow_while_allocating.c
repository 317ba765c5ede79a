// A recursion without end that allocates at each level: most of the stack is used by the allocations, and where it ends
// LDT is at work, which cannot report then. It says so (tests/tests/faults.rs).
#include <stdlib.h>

__attribute__((noinline)) static void *deeper(long depth) {
    void *block = malloc(16);
    void *other = deeper(depth + 1);
    return block > other ? block : other;
}

int main(void) {
    return deeper(0) != NULL;
}
