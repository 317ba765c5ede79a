// LEAKS: definite=320/10
// The only pointers lie where functions that returned had their variables.
#include <stdlib.h>
#include <string.h>
#include "apart.h"

APART static void deep(void) {
   char *volatile blocks[10];
   char room[4096];
   memset(room, 1, sizeof room);
   __asm__ volatile("" : : "r"(room) : "memory");
   for (int at = 0; at < 10; at++) blocks[at] = calloc(32, 1);
#ifdef CLEAN
   for (int at = 0; at < 10; at++) free(blocks[at]);
#endif
}

int main(void) {
   deep();
   return 0;
}
