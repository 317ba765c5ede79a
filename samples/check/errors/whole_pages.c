// CHECK: kind=heap-buffer-overflow access=write offset=8192 block=8192 alloc=make guard-side=after guard=adaptive,all
// pvalloc rounds 5,000 bytes up to whole pages: the last byte of them is the program's, the next is not.
#include <malloc.h>
#include <stdlib.h>

static char *make(size_t size) { return pvalloc(size); }

static void touch(volatile char *block) {
    block[8191] = 1;
#ifndef CLEAN
    block[8192] = 1;
#endif
}

int main(void) {
    char *block = make(5000);
    touch(block);
    free(block);
    return 0;
}
