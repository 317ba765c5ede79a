// LEAKS: reachable=96/2
// VALGRIND: definite=96/2
// A program seals a table of its own: it can only read what it has mapped and written, and later only run it. What the
// tables point to is in use. (valgrind reads only what can be written.)
#define _GNU_SOURCE
#include <stdlib.h>
#include <sys/mman.h>
#include "apart.h"

APART static void seal(size_t bytes, int protection) {
   void **table = mmap(0, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
   if (table == MAP_FAILED) abort();
   table[bytes / sizeof *table / 2] = malloc(48);
#ifdef CLEAN
   free(table[bytes / sizeof *table / 2]);
#endif
   if (mprotect(table, bytes, protection)) abort();
}

int main(void) {
   seal(4096, PROT_READ);
   seal(1 << 20, PROT_READ | PROT_EXEC);
   return 0;
}
