// LEAKS: definite=25/1 reachable=100/1
// VALGRIND: tables=1
// The first thread has left when another one ends the process: /proc/self, which is the first thread's, has no mappings
// then. (It leaves by the system call, since pthread_exit loads a library.)
// BUILD: -pthread
#include <pthread.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>
#include "apart.h"

static pthread_t first;
static char *volatile kept;

APART static void lose(void) {
   char *volatile lost = calloc(25, 1);
   kept = calloc(100, 1);
#ifdef CLEAN
   free(lost);
   free(kept);
   kept = 0;
#endif
}

static void *body(void *unused) {
   pthread_join(first, NULL);
   lose();
   exit(0);
   return unused;
}

int main(void) {
   first = pthread_self();
   pthread_t thread;
   if (pthread_create(&thread, NULL, body, NULL) != 0) return 1;
   syscall(SYS_exit, 0);
}
