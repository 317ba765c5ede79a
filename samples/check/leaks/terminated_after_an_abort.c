// LEAKS: definite=20/1 reachable=30/1
// An abort that a handler jumps out of is no end, and the signal that comes later is one. What is lost in between is found then.
#include <setjmp.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>
#include "apart.h"

static char *volatile lost;
static char *volatile kept;
static sigjmp_buf on;

static void go_on(int number) {
   (void)number;
   siglongjmp(on, 1);
}

APART static void lose(void) {
   lost = malloc(20);
#ifdef CLEAN
   free(lost);
#endif
   lost = NULL;
}

APART static void keep(void) { kept = malloc(30); }

int main(void) {
   signal(SIGABRT, go_on);
   if (!sigsetjmp(on, 1)) abort();
   lose();
   keep();
#ifdef CLEAN
   free(kept);
#else
   kill(getpid(), SIGTERM);
#endif
   return 0;
}
