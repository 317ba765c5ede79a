// LEAKS: reachable=33/1
// main calls exit, so its variable is alive.
#include <stdlib.h>

int main(void) {
   char *volatile block = calloc(33, 1);
#ifdef CLEAN
   free(block);
#endif
   exit(0 * (block != 0));
}
