// LDT: allocations=4 frees=4 bytes=0 leaked_blocks=0
// Blocks of no bytes are blocks; free of null is none.
#include <stdlib.h>

int main(void) {
    free(malloc(0));
    free(calloc(0, 5));
    free(realloc(NULL, 0));
    void *aligned = NULL;
    if (posix_memalign(&aligned, 64, 0) != 0) return 1;
    free(aligned);
    free(NULL);
    return 0;
}
