// LDT: at_work:allocations=1000 at_work:leaked_blocks=1000 signal=11
// The process dies of a wild write.
#include <signal.h>
#include <stdlib.h>

static volatile long passed;

__attribute__((noinline)) void at_work(void) { (void)!malloc(10 + passed % 100); passed++; }

int main(void) {
    for (int i = 0; i < 1000; i++) at_work();
    int *volatile wild = (int *)16;
    *wild = 1;
    return 0;
}
