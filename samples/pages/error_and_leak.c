// LDT: makes:allocations=1 loses:leaked_bytes=77 valgrind=no
// A write to a freed block, and a block that nothing points to: for `ldt check --profile` and its page.
// (Without check mode the write does no harm: the block is large enough to lie beyond what free writes to.)
#include <stdlib.h>

static volatile long passed;

__attribute__((noinline)) volatile char *makes(void) { volatile char *block = malloc(200); passed++; return block; }
__attribute__((noinline)) void drops(volatile char *block) { free((void *)block); passed++; }
__attribute__((noinline)) void uses(volatile char *block) {
    block[100] = 1;
    passed++;
}
__attribute__((noinline)) void loses(void) {
    char *volatile lost = malloc(77);
    lost = NULL;
    (void)lost;
    passed++;
}

int main(void) {
    volatile char *block = makes();
    drops(block);
    uses(block);
    loses();
    return 0;
}
