// LDT: allocations=3 frees=3 bytes=192 leaked_bytes=0
// Frees by names that this C library may lack (cfree is gone, the sized forms are new in C23): weak,
// so they are called where somebody, like LDT, has them.
#include <stdlib.h>

extern void cfree(void *) __attribute__((weak));
extern void free_sized(void *, size_t) __attribute__((weak));
extern void free_aligned_sized(void *, size_t, size_t) __attribute__((weak));

int main(void) {
    void *a = malloc(32), *b = malloc(32), *c = aligned_alloc(128, 128);
    if (cfree) cfree(a); else free(a);
    if (free_sized) free_sized(b, 32); else free(b);
    if (free_aligned_sized) free_aligned_sized(c, 128, 128); else free(c);
    return 0;
}
