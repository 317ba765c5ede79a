// CHECK: kind=heap-buffer-overflow access=read size=1 offset=1048576 block=1048576 guard=all,adaptive alloc=make fault=touch
// A large block is guarded on both sides, whatever the budget.
#include <stdlib.h>
#include <string.h>
#include <stdio.h>

static char *make(size_t size) { return malloc(size); }

static void touch(volatile char *block) {
#ifdef CLEAN
    (void)block[(1 << 20) - 1];
#else
    (void)block[1 << 20];
#endif
}

int main(void) {
    char *block = make(1 << 20);
    touch(block);
    free(block);
    return 0;
}
