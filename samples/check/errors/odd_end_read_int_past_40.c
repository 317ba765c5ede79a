// CHECK: kind=heap-buffer-overflow access=read size=4 offset=40 block=40 alloc=make fault=touch detected_by=guard guard=all,adaptive watchpoints=yes
// The eleventh of ten numbers is read; the instruction overwrites the register that had the address.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static char *make(size_t size) { return malloc(size); }

static void touch(volatile char *block) {
#ifdef CLEAN
    (void)((volatile int *)block)[9];
#else
    (void)((volatile int *)block)[10];
#endif
}

int main(void) {
    char *block = make(40);
    memset(block, 1, 40);
    touch(block);
    free(block);
    return 0;
}
