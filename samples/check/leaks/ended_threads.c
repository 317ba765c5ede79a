// LEAKS: definite=240/6
// VALGRIND: tables=3
// BUILD: -pthread
// Threads lose blocks and end; what points to some of them are their stacks, which libc keeps.
#include <pthread.h>
#include <stdlib.h>
#include "apart.h"

static void *run(void *number) {
   char *volatile blocks[2] = {calloc(40, 1), calloc(40, 1)};
#ifdef CLEAN
   free(blocks[0]);
   free(blocks[1]);
#endif
   return (char *)number + (blocks[0] == blocks[1]);
}

int main(void) {
   pthread_t threads[3];
   for (long at = 0; at < 3; at++) pthread_create(&threads[at], 0, run, (void *)at);
   for (int at = 0; at < 3; at++) pthread_join(threads[at], 0);
   return 0;
}
