// Part of tests/tests/adversarial.rs: a block at each level of a recursion that ends by abort, as an endless one does by its
// stack. All are reachable, from as many stacks, of up to that many frames.
#include <stdlib.h>

static __attribute__((noinline)) int descend(int levels) {
    char *volatile block = malloc(8);
    if (!block || !levels) abort();
    return descend(levels - 1) + block[0];
}

int main(void) { return descend(100000); }
