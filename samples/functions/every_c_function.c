// LDT: allocations=8 frees=7 bytes=409 leaked_bytes=21 leaked_blocks=1 calls.malloc=1 calls.calloc=1 calls.realloc=1 calls.reallocarray=1 calls.posix_memalign=1 calls.aligned_alloc=1 calls.memalign=1 calls.valloc=1 calls.free=7
// Each allocating function of the C library once; calloc's block stays.
#include <malloc.h>
#include <stdlib.h>

int main(void) {
    void *from_malloc = malloc(10);
    void *from_calloc = calloc(3, 7);
    void *from_realloc = realloc(NULL, 30);
    void *from_reallocarray = reallocarray(NULL, 5, 8);
    void *from_posix_memalign = NULL;
    if (posix_memalign(&from_posix_memalign, 64, 50) != 0) return 1;
    void *from_aligned_alloc = aligned_alloc(128, 128);
    void *from_memalign = memalign(32, 60);
    void *from_valloc = valloc(70);
    (void)from_calloc;
    free(from_malloc);
    free(from_realloc);
    free(from_reallocarray);
    free(from_posix_memalign);
    free(from_aligned_alloc);
    free(from_memalign);
    free(from_valloc);
    return 0;
}
