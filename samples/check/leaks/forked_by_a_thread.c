// LEAKS: definite=20/1 reachable=144/2
// VALGRIND: definite=64/2 possible=544/2 reachable=100/1
// The first thread holds two blocks, one by a pointer on its stack and one by what is no pointer, when another forks: the
// child has the blocks and not the thread, and cannot have lost them. What the child loses itself is told.
#include <pthread.h>
#include <semaphore.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>
#include "apart.h"

APART static uintptr_t hidden(int bytes) {
   return ~(uintptr_t)malloc(bytes);
}

APART static void lose(int bytes) {
   char *volatile block = malloc(bytes);
   *block = 1;
#ifdef CLEAN
   free(block);
#endif
}

static void *fork_one(void *unused) {
   pid_t child = fork();
   if (child == 0) {
      lose(20);
      exit(0);
   }
   waitpid(child, 0, 0);
   return unused;
}

int main(void) {
   char *volatile kept = malloc(100);
   uintptr_t volatile one_hidden = hidden(44);
   *kept = 1;
#ifdef CLEAN
   free((void *)~one_hidden);
   free(kept);
#endif
   pthread_t thread;
   pthread_create(&thread, 0, fork_one, 0);
   pthread_join(thread, 0);
#ifndef CLEAN
   free((void *)~one_hidden);
   free(kept);
#endif
   return 0;
}
