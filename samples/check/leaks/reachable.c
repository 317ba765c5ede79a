// LEAKS: reachable=164/4
// Never freed, but a global still points there, and the blocks on.
#include <stdlib.h>
#include "apart.h"

static void **volatile all;
static char *volatile empty;

APART static void keep(void) {
   all = malloc(48);
   all[0] = malloc(100);
   all[1] = 0;
   all[5] = malloc(16);
   empty = malloc(0);
}

int main(void) {
   keep();
#ifdef CLEAN
   free(all[0]);
   free(all[5]);
   free(all);
   free(empty);
#endif
   return 0;
}
