// LDT: allocations=7 frees=6 temporary=4 leaked_bytes=8
// Temporary: freed by the same thread before its next allocation.
#include <stdlib.h>

int main(void) {
    for (int round = 0; round < 3; round++) free(malloc(40));
    void *long_lived = malloc(50);
    free(malloc(60));
    free(long_lived);
    void *overlapping = malloc(70);
    (void)!malloc(8);
    free(overlapping);
    return 0;
}
