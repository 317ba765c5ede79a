// LEAKS: definite=88/3 indirect=56/3
// Cycles: two blocks that point to one another, a ring of three, and a block that points to itself.
#include <stdlib.h>
#include "apart.h"

APART static void **block(int words) { return calloc(words, sizeof(void *)); }

APART static void turn(void) {
   void **first = block(3), **second = block(1);
   first[0] = second;
   second[0] = first;
   void **ring[3] = {block(4), block(3), block(3)};
   for (int at = 0; at < 3; at++) ring[at][0] = ring[(at + 1) % 3];
   void **self = block(4);
   self[2] = self;
#ifdef CLEAN
   free(first);
   free(second);
   for (int at = 0; at < 3; at++) free(ring[at]);
   free(self);
#endif
}

int main(void) {
   turn();
   return 0;
}
