// LEAKS: definite=25/1
// Handlers and destructors that free are waited for: only what nobody frees is lost.
#include <stdlib.h>
#include "apart.h"

static char *volatile first, *volatile second;

static void at_exit(void) {
   free(first);
   first = 0;
}

__attribute__((destructor)) static void at_unload(void) {
   free(second);
   second = 0;
}

APART static void lose(void) {
   first = calloc(100, 1);
   second = calloc(100, 1);
   char *volatile third = calloc(25, 1);
#ifdef CLEAN
   free(third);
#endif
}

int main(void) {
   atexit(at_exit);
   lose();
   exit(0);
}
