// Part of `check_options.rs`: a signal handler frees blocks while the program is inside realloc, which has much to copy. The
// program frees nothing more before it ends: what the handler has freed is not lost.
// BUILD: -pthread
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

enum { BLOCKS = 200, BYTES = 16 << 20 };
static void *blocks[BLOCKS];
static volatile sig_atomic_t freed, ends;
static void *large;

static void free_one(int signal) {
   (void)signal;
   if (freed < BLOCKS) {
      free(blocks[freed]);
      blocks[freed] = 0;
      freed = freed + 1;
   }
}

static void *ask(void *thread) {
   while (!ends) {
      int before = freed;
      pthread_kill(*(pthread_t *)thread, SIGUSR1);
      while (freed == before && !ends) sched_yield();
   }
   return 0;
}

int main(void) {
   pthread_t main_thread = pthread_self(), asker;
   for (int number = 0; number < BLOCKS; number++) blocks[number] = malloc(24);
   large = malloc(BYTES);
   memset(large, 1, BYTES);
   signal(SIGUSR1, free_one);
   pthread_create(&asker, 0, ask, &main_thread);
   while (freed < BLOCKS) large = realloc(large, BYTES);
   ends = 1;
   pthread_join(asker, 0);
   return 0;
}
