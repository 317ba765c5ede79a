// LEAKS: definite=20/1 reachable=30/1
// A crash by another signal than those of memory: what was lost before it is told.
#include <stdlib.h>
#include "apart.h"

static char *volatile lost;
static char *volatile kept;
static volatile int none;

APART static void lose(void) {
   lost = malloc(20);
#ifdef CLEAN
   free(lost);
#endif
   lost = NULL;
}

APART static void keep(void) { kept = malloc(30); }

int main(void) {
   lose();
   keep();
#ifdef CLEAN
   free(kept);
#else
   return 10 / none;
#endif
   return 0;
}
