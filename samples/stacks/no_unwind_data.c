// LDT: inner:allocations=1 outer:allocations=1 main:allocations=1
// Functions without unwind tables, like those of an assembler or a compiler at run time: only their
// frame pointers lead outwards.
// BUILD: -fno-asynchronous-unwind-tables -fno-unwind-tables -fno-exceptions -fno-omit-frame-pointer
#include <stdlib.h>

static volatile long passed;

__attribute__((noinline)) void inner(void) { (void)!malloc(31); passed++; }

__attribute__((noinline)) void outer(void) { inner(); passed++; }

int main(void) {
    outer();
    return passed == 0;
}
