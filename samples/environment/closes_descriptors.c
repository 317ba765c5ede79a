// LDT: before:allocations=100 after:allocations=50000
// The program closes every descriptor that it has not opened, LDT's trace among them.
#define _GNU_SOURCE

#include <stdlib.h>
#include <unistd.h>

static volatile long passed;

__attribute__((noinline)) void before(void) { (void)!malloc(10); passed++; }
__attribute__((noinline)) void after(void) { free(malloc(20 + passed % 500)); passed++; }

int main(void) {
    for (int i = 0; i < 100; i++) before();
    for (int descriptor = 3; descriptor < 1024; descriptor++) close(descriptor);
    /* ... and opens its own where they were. */
    for (int descriptor = 3; descriptor < 20; descriptor++) (void)!dup(2);
    for (int i = 0; i < 50000; i++) after();
    return 0;
}
