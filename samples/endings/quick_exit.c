// LDT: at_work:allocations=1000 at_work:leaked_blocks=1000 exit=4
// quick_exit runs only what at_quick_exit was given.
#include <stdlib.h>

static volatile long passed;

__attribute__((noinline)) void at_work(void) { (void)!malloc(10 + passed % 100); passed++; }

int main(void) {
    for (int i = 0; i < 1000; i++) at_work();
    quick_exit(4);
}
