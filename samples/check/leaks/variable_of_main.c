// LEAKS: definite=33/1
// main's own variable is dead once main has returned.
#include <stdlib.h>

int main(void) {
   char *volatile block = calloc(33, 1);
#ifdef CLEAN
   free(block);
#endif
   return 0 * (block != 0);
}
