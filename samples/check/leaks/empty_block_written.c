// LEAKS: definite=0/2
// Two blocks of no bytes that are written to, and lost: the address of the last fault is not the program's.
#include <stdlib.h>
#include "apart.h"

APART static void lose(void) {
   char *volatile block = malloc(0);
#ifdef CLEAN
   free(block);
#else
   *block = 1;
#endif
   block = NULL;
}

int main(void) {
   lose();
   lose();
   return 0;
}
