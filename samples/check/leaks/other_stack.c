// LEAKS: reachable=150/2 definite=40/1
// VALGRIND: tables=1
// BUILD: -pthread
// Pointers on another thread's stack: in a live frame, in a register, and in a frame that is gone.
#include <pthread.h>
#include <semaphore.h>
#include <stdlib.h>
#include <unistd.h>
#include "apart.h"

static sem_t ready;

APART static void lose(void) {
   char *volatile dead[8];
   char room[2048];
   __asm__ volatile("" : : "r"(room) : "memory");
   dead[3] = calloc(40, 1);
#ifdef CLEAN
   free(dead[3]);
#endif
}

static void *run(void *nothing) {
   char *volatile here[2];
   lose();
   here[0] = calloc(100, 1);
   here[1] = calloc(50, 1);
#ifdef CLEAN
   free(here[0]);
   free(here[1]);
#endif
   sem_post(&ready);
   for (;;) pause();
   return here[0] + (long)nothing;
}

int main(void) {
   pthread_t thread;
   sem_init(&ready, 0, 0);
   pthread_create(&thread, 0, run, 0);
   sem_wait(&ready);
   _exit(0);
}
