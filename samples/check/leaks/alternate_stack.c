// LEAKS: reachable=131072/2 definite=40/1
// VALGRIND: definite=131112/3 possible=272/1
// BUILD: -pthread
// Alternate signal stacks from malloc, of the first thread and of another one: nobody but the kernel has a pointer to them.
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "apart.h"

enum { BYTES = 65536 };

static int ends[2];

APART static void give_stack(void) {
   stack_t stack = {.ss_sp = malloc(BYTES), .ss_size = BYTES};
   sigaltstack(&stack, 0);
   memset(&stack, 0, sizeof stack);
}

#ifdef CLEAN
APART static void take_stack(void) {
   stack_t none = {.ss_flags = SS_DISABLE}, given;
   sigaltstack(&none, &given);
   free(given.ss_sp);
}
#endif

APART static void lose(void) {
   char *volatile lost = malloc(40);
#ifdef CLEAN
   free(lost);
#endif
   lost = 0;
}

static void *work(void *unused) {
   give_stack();
#ifdef CLEAN
   take_stack();
#endif
   write(ends[1], "", 1);
   pause();
   return unused;
}

int main(void) {
   char byte;
   pthread_t thread;
   pipe(ends);
   give_stack();
#ifdef CLEAN
   take_stack();
#endif
   lose();
   pthread_create(&thread, 0, work, 0);
   read(ends[0], &byte, 1);
   return 0;
}
