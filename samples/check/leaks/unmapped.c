// LEAKS: definite=64/1
// The only pointer was in memory that is unmapped. Beside it stand memory that cannot be read, and a
// file that was cut off under its mapping.
#define _GNU_SOURCE
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>
#include "apart.h"

APART static void lose(void) {
   void **memory = mmap(0, 1 << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
   memory[70000] = calloc(64, 1);
#ifdef CLEAN
   free(memory[70000]);
#endif
   munmap(memory, 1 << 20);
}

int main(void) {
   char *closed = mmap(0, 1 << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
   mprotect(closed + 4096, 4096, PROT_NONE);
   int file = memfd_create("cut", 0);
   if (ftruncate(file, 1 << 20)) abort();
   char *cut = mmap(0, 1 << 20, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
   cut[0] = closed[0];
   if (ftruncate(file, 4096)) abort();
   lose();
   return 0;
}
