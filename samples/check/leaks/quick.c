// LEAKS: definite=25/1 reachable=100/1
// quick_exit runs its own handlers, which free one block, and none of exit's.
#include <stdlib.h>
#include "apart.h"

static char *volatile first, *volatile second;

static void at_quick(void) {
   free(first);
   first = 0;
}

static void at_exit(void) {
   free(second);
   second = 0;
}

APART static void lose(void) {
   first = calloc(100, 1);
   second = calloc(100, 1);
   char *volatile third = calloc(25, 1);
#ifdef CLEAN
   free(third);
   free(second);
#endif
}

int main(void) {
   atexit(at_exit);
   at_quick_exit(at_quick);
   lose();
   quick_exit(0);
}
