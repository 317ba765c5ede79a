// LEAKS: definite=120/6
// The plain leak: nothing points to the blocks any more.
#include <stdlib.h>
#include "apart.h"

APART static void lose(void) {
   for (int turn = 0; turn < 6; turn++) {
      char *volatile block = malloc(20);
      *block = 1;
#ifdef CLEAN
      free(block);
#endif
   }
}

int main(void) {
   lose();
   return 0;
}
