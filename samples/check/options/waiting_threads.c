// Threads that wait when the process ends, and threads that have ended, for which the C library frees a little after their last
// destructor: the totals have what all of them did.
#include <pthread.h>
#include <semaphore.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { THREADS = 4, BLOCKS = 1000 };
static sem_t has_worked;

static void work(void) {
   for (int at = 0; at < BLOCKS; at++) {
      char *volatile block = malloc(24);
      free(block);
   }
}

static void *work_and_wait(void *none) {
   work();
   sem_post(&has_worked);
   for (;;) pause();
   return none;
}

static void *work_and_end(void *number) {
   work();
   // The text of an unknown error is a block of the thread.
   return strerror(100000 + (int)(long)number) ? NULL : number;
}

int main(void) {
   pthread_t waiting, ending[THREADS];
   sem_init(&has_worked, 0, 0);
   for (long at = 0; at < THREADS; at++) {
      pthread_create(&waiting, NULL, work_and_wait, NULL);
      pthread_create(&ending[at], NULL, work_and_end, (void *)at);
   }
   for (int at = 0; at < THREADS; at++) {
      sem_wait(&has_worked);
      pthread_join(ending[at], NULL);
   }
   return 0;
}
