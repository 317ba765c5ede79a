// LEAKS: definite=20/1 reachable=30/1
// A signal that the program has set nothing for is an end too.
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>
#include "apart.h"

static char *volatile lost;
static char *volatile kept;

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
   kill(getpid(), SIGTERM);
#endif
   return 0;
}
