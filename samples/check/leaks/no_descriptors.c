// LEAKS: definite=20/1
// A program that has used up its descriptors: the look for leaks opens files, too.
#include <fcntl.h>
#include <stdlib.h>
#include <sys/resource.h>
#include "apart.h"

APART static void lose(void) {
   char *volatile block = malloc(20);
   *block = 1;
#ifdef CLEAN
   free(block);
#endif
}

int main(void) {
   struct rlimit limit;
   lose();
   getrlimit(RLIMIT_NOFILE, &limit);
   limit.rlim_cur = 16;
   setrlimit(RLIMIT_NOFILE, &limit);
   while (open("/dev/null", O_RDONLY) >= 0) {
   }
   return 0;
}
