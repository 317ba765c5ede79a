// LDT: at_work:allocations=1000 at_work:leaked_blocks=1000 signal=11 valgrind=no
// The stack runs out: a handler of ours would find no stack to run on.
#include <stdlib.h>

static volatile long passed;

__attribute__((noinline)) void at_work(void) { (void)!malloc(10 + passed % 100); passed++; }

int main(void) {
    for (int i = 0; i < 1000; i++) at_work();
    extern void endless(int *);
    endless((int *)&passed);
    return 0;
}

__attribute__((noinline)) void endless(int *outer) {
    volatile int frame[1024];
    frame[0] = *outer;
    endless((int *)frame);
    passed += frame[0];
}
