// Three threads free blocks twice, one after the other: blocks of 11, 12, ... 16 bytes, each thread every third.
#include <pthread.h>
#include <stdlib.h>

enum { THREADS = 3, ERRORS = 6 };

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t next = PTHREAD_COND_INITIALIZER;
static int done;

static void free_twice(unsigned long bytes) {
   char *volatile block = malloc(bytes);
   free(block);
   free(block);
}

// The last thread begins, so that no order of the threads is that of the errors.
static void *take_turns(void *number) {
   for (int turn = (THREADS - 1) - (int)(long)number; turn < ERRORS; turn += THREADS) {
      pthread_mutex_lock(&lock);
      while (done != turn) {
         pthread_cond_wait(&next, &lock);
      }
      pthread_mutex_unlock(&lock);
      free_twice(11 + (unsigned long)turn);
      pthread_mutex_lock(&lock);
      done++;
      pthread_cond_broadcast(&next);
      pthread_mutex_unlock(&lock);
   }
   return NULL;
}

int main(void) {
   pthread_t threads[THREADS];
   for (long number = 1; number < THREADS; number++) {
      pthread_create(&threads[number], NULL, take_turns, (void *)number);
   }
   take_turns((void *)0);
   for (int number = 1; number < THREADS; number++) {
      pthread_join(threads[number], NULL);
   }
   return 0;
}
