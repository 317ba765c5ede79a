// LDT: allocations=1 leaked_bytes=30 keep:allocations=1 outer:allocations=1
// The compiler puts the function that allocates into the one that calls it.
#include <stdlib.h>

static void *volatile kept;

static inline __attribute__((always_inline)) void keep(void) { kept = malloc(30); }

__attribute__((noinline)) static void outer(void) { keep(); kept = (char *)kept + 1; }

int main(void) { outer(); return 0; }
