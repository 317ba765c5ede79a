// CHECK: kind=heap-buffer-overflow access=read size=1 offset=13 block=13 alloc=make fault=touch detected_by=guard guard=all,adaptive watchpoints=yes
// One byte is read behind a block that ends three bytes before its guard page: a watchpoint sees it.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static char *make(size_t size) { return malloc(size); }

static void touch(volatile char *block) {
#ifdef CLEAN
    (void)block[12];
#else
    (void)block[13];
#endif
}

int main(void) {
    char *block = make(13);
    memset(block, 1, 13);
    touch(block);
    free(block);
    return 0;
}
