// LEAKS: definite=200/2
// Pointers that are not stored as they are: turned around, and not aligned.
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include "apart.h"

static uintptr_t turned;
static char packed[32] __attribute__((aligned(8)));

APART static void keep(void) {
   char *first = calloc(100, 1), *second = calloc(100, 1);
   turned = ~(uintptr_t)first;
   memcpy(packed + 3, &second, sizeof second);
#ifdef CLEAN
   free(first);
   free(second);
#endif
}

int main(void) {
   keep();
   return 0;
}
