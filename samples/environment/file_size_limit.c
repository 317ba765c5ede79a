// LDT: before:allocations=100 truncated=yes exit=0 valgrind=no
// No file may grow past 256 KiB: recording stops, once said; the program goes on to its end.
#include <stdlib.h>
#include <sys/resource.h>

static volatile long passed;
static unsigned long random_state = 88172645463325252UL;

__attribute__((noinline)) void before(void) { (void)!malloc(10); passed++; }

__attribute__((noinline)) void after(void) {
    random_state ^= random_state << 13;
    random_state ^= random_state >> 7;
    random_state ^= random_state << 17;
    free(malloc(1 + random_state % 60000));
    passed++;
}

int main(void) {
    for (int i = 0; i < 100; i++) before();
    struct rlimit limit = {256 << 10, 256 << 10};
    if (setrlimit(RLIMIT_FSIZE, &limit) != 0) return 1;
    for (int i = 0; i < 2000000; i++) after();
    return 0;
}
