// LDT: before:allocations=2 children=1 children.in_daemon:allocations=8 valgrind=no
// daemon() forks inside the C library, past any exported fork.
#define _DEFAULT_SOURCE
#include <stdlib.h>
#include <unistd.h>

static volatile long passed;

__attribute__((noinline)) void before(void) { (void)!malloc(20); passed++; }
__attribute__((noinline)) void in_daemon(void) { (void)!malloc(80); passed++; }

int main(void) {
    for (int i = 0; i < 2; i++) before();
    if (daemon(1, 1) != 0) return 1;
    for (int i = 0; i < 8; i++) in_daemon();
    return 0;
}
