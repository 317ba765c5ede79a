// Ends by a signal that finds it in the middle of realloc, most times; 20 bytes are lost by then, and 30 are not.
#include <stdlib.h>
#include <sys/time.h>
#include "../leaks/apart.h"

static char *volatile lost;
static char *volatile kept;

APART static void lose(void) {
   lost = malloc(20);
   lost = NULL;
}

int main(void) {
   lose();
   kept = malloc(30);
   struct itimerval soon = {{0, 0}, {0, 20000}};
   setitimer(ITIMER_REAL, &soon, NULL);
   for (;;) {
      kept = realloc(kept, 30);
   }
}
