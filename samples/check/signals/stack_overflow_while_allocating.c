// CHECK: kind=crash access=write fault=deeper
// A recursion without end that allocates at each level: most of the stack is used by the allocations, and where it ends
// LDT is at work. It is told as any other crash, with what is lost (tests/tests/faults.rs).
#include <stdlib.h>

__attribute__((noinline)) static void lose(void) {
    char *volatile block = malloc(33);
    block = NULL;
}

__attribute__((noinline)) static void *deeper(long depth) {
    void *block = malloc(16);
    void *other = deeper(depth + 1);
    return block > other ? block : other;
}

int main(void) {
    lose();
    return deeper(0) != NULL;
}
