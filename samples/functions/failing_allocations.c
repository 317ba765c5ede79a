// LDT: allocations=1 frees=0 bytes=32 leaked_bytes=32 leaked_blocks=1 calls.failed=6 valgrind=no
// Allocations that fail: null, errno, and the block that realloc was to grow stays as it was. (valgrind
// counts some of these.)
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>

int main(void) {
    volatile size_t half = SIZE_MAX / 2 + 1;
    char *kept = malloc(32);
    kept[31] = 'k';
    void *aligned = NULL;
    errno = 0;
    if (malloc(half) || errno != ENOMEM) return 1;
    if (calloc(half, 2)) return 2;
    if (realloc(kept, half)) return 3;
    if (reallocarray(kept, half, 2)) return 4;
    if (posix_memalign(&aligned, 3, 10) != EINVAL) return 5;
    if (aligned_alloc(64, half)) return 6;
    return kept[31] != 'k';
}
