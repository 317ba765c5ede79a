// LEAKS: reachable=96/2
// VALGRIND: tables=1
// BUILD: -pthread
// Pointers in thread-local variables, of the first thread and of one that runs on.
#include <pthread.h>
#include <semaphore.h>
#include <stdlib.h>
#include <unistd.h>
#include "apart.h"

static __thread char *volatile mine;
static sem_t ready;

APART static void keep(int bytes) { mine = calloc(bytes, 1); }

static void *run(void *nothing) {
   keep(64);
#ifdef CLEAN
   free(mine);
#endif
   sem_post(&ready);
   for (;;) pause();
   return nothing;
}

int main(void) {
   pthread_t thread;
   sem_init(&ready, 0, 0);
   keep(32);
   pthread_create(&thread, 0, run, 0);
   sem_wait(&ready);
#ifdef CLEAN
   free(mine);
#endif
   _exit(0);
}
