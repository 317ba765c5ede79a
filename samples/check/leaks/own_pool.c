// LEAKS: definite=48/2 reachable=24/1
// A pool of the program's own names its blocks to the checker: the big block is the pool's, the
// small ones are blocks, and two of three are lost.
#include <stdlib.h>
#include <valgrind/memcheck.h>
#include "../../../preload/include/ldt.h"
#include "apart.h"

static char *volatile pool, *volatile kept;

APART static char *take(int number) {
   char *block = pool + 64 * number;
   VALGRIND_MALLOCLIKE_BLOCK(block, 24, 0, 0);
   ldt_malloclike_block(block, 24, 0, 0);
   return block;
}

APART static void give(char *block) {
   VALGRIND_FREELIKE_BLOCK(block, 0);
   ldt_freelike_block(block, 0);
}

APART static void work(void) {
   pool = malloc(4096);
   kept = take(1);
   char *second = take(2), *third = take(3), *fourth = take(4);
   give(fourth);
#ifdef CLEAN
   give(kept);
   give(second);
   give(third);
   free(pool);
#endif
}

int main(void) {
   work();
   return 0;
}
