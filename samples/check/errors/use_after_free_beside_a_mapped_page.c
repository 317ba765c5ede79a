// CHECK: kind=heap-use-after-free access=read size=1 offset=200000 block=303104 guard=all,adaptive fault=touch alloc=make freed=drop
// The program has mapped a page over the middle of a freed block: that page is its own, the others are not.
#define _GNU_SOURCE
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

enum { BYTES = 74 * 4096, MAPPED = 20 * 4096 };

static char *make(void) {
    void *block;
    return posix_memalign(&block, 4096, BYTES) == 0 ? block : NULL;
}

static void drop(char *block) { free(block); }

static void touch(volatile char *block) {
#ifdef CLEAN
    (void)block;
#else
    (void)block[200000];
#endif
}

int main(void) {
    char *block = make();
    memset(block, 1, BYTES);
    drop(block);
    char *page = mmap(block + MAPPED, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
    if (page == MAP_FAILED) return 1;
    memset(page, 2, 4096);
    touch(block);
    munmap(page, 4096);
    return 0;
}
