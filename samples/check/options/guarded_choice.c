// Prints which of its blocks lie against a guard page: as a count, and as a number that stands for the choice.
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

int main(void) {
   unsigned long choice = 1469598103934665603, guarded = 0;
   for (unsigned long turn = 0; turn < 200000; turn++) {
      char *volatile block = malloc(48);
      uintptr_t start = (uintptr_t)block, end = start + 48;
      if (start % 4096 == 0 || end % 4096 == 0) {
         guarded++;
         choice = (choice ^ turn) * 1099511628211;
      }
      free(block);
   }
   printf("%lu guarded, choice %lx\n", guarded, choice);
   return 0;
}
