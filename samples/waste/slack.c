// LDT: small:allocations=5000 small:bytes=125000 pages:allocations=50 pages:bytes=5000 exit=0
// Blocks of 25 bytes hold 40, and pages are asked for where 100 bytes are needed.
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>

static size_t usable;

__attribute__((noinline)) void small(void) {
    usable += malloc_usable_size(malloc(25));
}

__attribute__((noinline)) void pages(void) {
    void *page;
    if (posix_memalign(&page, 4096, 100)) exit(1);
}

int main(void) {
    for (int i = 0; i < 5000; i++) small();
    for (int i = 0; i < 50; i++) pages();
    printf("%zu\n", usable);
    return 0;
}
