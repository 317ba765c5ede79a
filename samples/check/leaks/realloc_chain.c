// LEAKS: definite=1000/1
// A block that grew ten times is lost: one leak, of its last size.
#include <stdlib.h>
#include "apart.h"

APART static void grow(void) {
   char *volatile block = 0;
   for (int size = 100; size <= 1000; size += 100) block = realloc(block, size);
#ifdef CLEAN
   free(block);
#endif
}

int main(void) {
   grow();
   return 0;
}
