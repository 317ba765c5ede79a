// LEAKS: possible=72/3 reachable=32/1
// What a possibly lost block points to is possibly lost, unless something else leads there.
#include <stdlib.h>
#include "apart.h"

static void *volatile inside, *volatile start;

APART static void keep(void) {
   void **first = calloc(1, 24), **second = calloc(1, 24), **third = calloc(1, 24);
   void **fourth = calloc(1, 32);
   first[0] = second;
   second[0] = third;
   third[0] = fourth;
   start = fourth;
   inside = first + 2;
#ifdef CLEAN
   free(first);
   free(second);
   free(third);
   free(fourth);
   inside = 0;
   start = 0;
#endif
}

int main(void) {
   keep();
   return 0;
}
