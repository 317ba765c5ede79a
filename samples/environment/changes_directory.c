// LDT: before:allocations=100 after:allocations=50000
// The program goes elsewhere: relative names mean something else now.
#define _GNU_SOURCE

#include <stdlib.h>
#include <unistd.h>

static volatile long passed;

__attribute__((noinline)) void before(void) { (void)!malloc(10); passed++; }
__attribute__((noinline)) void after(void) { free(malloc(20 + passed % 500)); passed++; }

int main(void) {
    for (int i = 0; i < 100; i++) before();
    if (chdir("/") != 0) return 1;
    for (int i = 0; i < 50000; i++) after();
    return 0;
}
