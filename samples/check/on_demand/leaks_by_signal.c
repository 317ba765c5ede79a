// Loses 33 bytes, raises the signal whose number is the first argument, loses 44 more, raises it again.
#include <signal.h>
#include <stdlib.h>
#include "../leaks/apart.h"

APART static void lose(int bytes) {
   char *volatile block = calloc(bytes, 1);
   block = 0;
   (void)block;
}

int main(int arguments, char **argument) {
   if (arguments < 2) return 2;
   lose(33);
   raise(atoi(argument[1]));
   lose(44);
   raise(atoi(argument[1]));
   return 0;
}
