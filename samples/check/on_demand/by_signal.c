// Writes two bytes beyond a block, asks for a look at every redzone by raising the signal whose number is the first
// argument, and puts the bytes right again: nothing but that look can see it,
// unless the signal ends the program.
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include "../leaks/apart.h"

APART static char *allocate(void) { return malloc(20); }

int main(int arguments, char **argument) {
   if (arguments < 2) return 2;
   volatile char *block = allocate();
   char before[2] = {block[32], block[33]};
   block[32] ^= 1, block[33] ^= 1;
   raise(atoi(argument[1]));
   block[32] = before[0], block[33] = before[1];
   free((char *)block);
   puts("done");
   return 0;
}
