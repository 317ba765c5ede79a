// LEAKS: reachable=60/1 definite=44/1
// VALGRIND: tables=1
// BUILD: -pthread
// A value of a key of the first thread's is reachable; one whose thread has ended without a destructor
// is lost.
#include <pthread.h>
#include <stdlib.h>
#include <unistd.h>
#include "apart.h"

static pthread_key_t key;

static void *run(void *nothing) {
   pthread_setspecific(key, calloc(44, 1));
#ifdef CLEAN
   free(pthread_getspecific(key));
   pthread_setspecific(key, 0);
#endif
   return nothing;
}

APART static void keep(void) { pthread_setspecific(key, calloc(60, 1)); }

int main(void) {
   pthread_t thread;
   pthread_key_create(&key, 0);
   keep();
   pthread_create(&thread, 0, run, 0);
   pthread_join(thread, 0);
#ifdef CLEAN
   free(pthread_getspecific(key));
#endif
   return 0;
}
