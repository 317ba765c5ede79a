// LEAKS: reachable=192/3
// Pointers in memory that the program mapped: its own, a shared one, and a file's.
#define _GNU_SOURCE
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>
#include "apart.h"

APART static void keep(int flags, int file) {
   void **memory = mmap(0, 1 << 20, PROT_READ | PROT_WRITE, flags, file, 0);
   if (memory == MAP_FAILED) abort();
   memory[70000] = calloc(64, 1);
#ifdef CLEAN
   free(memory[70000]);
#endif
}

int main(void) {
   int file = memfd_create("kept", 0);
   if (ftruncate(file, 1 << 20)) abort();
   keep(MAP_PRIVATE | MAP_ANONYMOUS, -1);
   keep(MAP_SHARED | MAP_ANONYMOUS, -1);
   keep(MAP_SHARED, file);
   return 0;
}
