// LEAKS: definite=30/2
// A child loses a block of its own, and has its parent's as well; each process is looked at by itself.
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>
#include "apart.h"

static char *volatile kept;

APART static void lose(int bytes) {
   char *volatile block = malloc(bytes);
   *block = 1;
#ifdef CLEAN
   free(block);
#endif
}

int main(void) {
   kept = malloc(50);
   pid_t child = fork();
   if (child == 0) {
      lose(20);
      free(kept);
      exit(0);
   }
   waitpid(child, 0, 0);
   lose(10);
   free(kept);
   return 0;
}
