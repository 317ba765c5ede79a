// Locks all of its memory, now and in future, then works, with large blocks too, and writes beyond a block. Ends with 77 where locking is
// not allowed.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include "../leaks/apart.h"

APART static char *allocate(void) { return malloc(24); }

int main(void) {
   if (mlockall(MCL_CURRENT | MCL_FUTURE)) return 77;
   char *volatile blocks[1000];
   for (int turn = 0; turn < 20; turn++) {
      for (int index = 0; index < 1000; index++) memset(blocks[index] = malloc(index), turn, index);
      for (int index = 0; index < 1000; index++) free(blocks[index]);
   }
   for (int turn = 0; turn < 400; turn++) {
      char *volatile large = malloc(1 << 20);
      memset(large, turn, 1 << 20);
      free(large);
   }
   char *volatile block = allocate();
   block[32] = 1;
   free(block);
   struct rusage usage;
   getrusage(RUSAGE_SELF, &usage);
   puts(usage.ru_maxrss < 300 << 10 ? "done" : "too much memory");
   return 0;
}
