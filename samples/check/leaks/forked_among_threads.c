// LEAKS: definite=20/1 reachable=144/2
// VALGRIND: definite=64/2 possible=544/2 reachable=100/1
// A thread holds two blocks, one by a pointer on its stack and one by what is no pointer, when another forks: the child has
// the blocks and not the thread, and cannot have lost them. What it loses itself is told.
#include <pthread.h>
#include <semaphore.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>
#include "apart.h"

static sem_t holds, may_go;

APART static uintptr_t hidden(int bytes) {
   return ~(uintptr_t)malloc(bytes);
}

static void *hold(void *unused) {
   char *volatile kept = malloc(100);
   uintptr_t volatile one_hidden = hidden(44);
   *kept = 1;
   sem_post(&holds);
   sem_wait(&may_go);
   free((void *)~one_hidden);
   free(kept);
   return unused;
}

APART static void lose(int bytes) {
   char *volatile block = malloc(bytes);
   *block = 1;
#ifdef CLEAN
   free(block);
#endif
}

int main(void) {
   sem_init(&holds, 0, 0);
   sem_init(&may_go, 0, 0);
   pthread_t thread;
   pthread_create(&thread, 0, hold, 0);
   sem_wait(&holds);
#ifdef CLEAN
   sem_post(&may_go);
   pthread_join(thread, 0);
#endif
   pid_t child = fork();
   if (child == 0) {
      lose(20);
      exit(0);
   }
   waitpid(child, 0, 0);
#ifndef CLEAN
   sem_post(&may_go);
   pthread_join(thread, 0);
#endif
   return 0;
}
