// LDT: allocations=1 bytes=54321 innermost:allocations=1
// One block at the end of a chain of calls: the stack that a debugger shows.
#include <stdlib.h>

static volatile long passed;

__attribute__((noinline)) void innermost(size_t size) { (void)!malloc(size); passed++; }
static inline __attribute__((always_inline)) void inlined(size_t size) { innermost(size + 1); passed++; }
__attribute__((noinline)) void middle(size_t size) { inlined(size + 20); passed++; }
__attribute__((noinline)) void outermost(size_t size) { middle(size + 300); passed++; }

int main(void) {
    outermost(54000);
    return passed == 0;
}
