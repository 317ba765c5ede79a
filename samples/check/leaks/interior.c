// LEAKS: possible=100/1 reachable=60/1 definite=70/1
// A pointer into a block's inside, one to its start, and one just past the end.
#include <stdlib.h>
#include "apart.h"

static char *volatile inside, *volatile start, *volatile past;

APART static void keep(void) {
   inside = calloc(100, 1);
   start = calloc(60, 1);
   past = calloc(70, 1);
#ifdef CLEAN
   free(inside);
   free(start);
   free(past);
#else
   inside += 50;
   past += 70;
#endif
}

int main(void) {
   keep();
   return 0;
}
