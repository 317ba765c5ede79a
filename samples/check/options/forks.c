// A parent and its child both go on with blocks of before the fork: each frees its own copy of them and allocates
// more. The child writes beyond a block that its parent has allocated.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include "../leaks/apart.h"

static char *volatile inherited[100];

APART static char *before_the_fork(void) { return malloc(24); }
APART static void in_the_child(void) { inherited[7][32] = 1; }

static void go_on(int turns) {
   for (int turn = 0; turn < turns; turn++) {
      char *volatile block = malloc(24 + turn % 500);
      memset(block, turn, 24);
      free(block);
   }
   for (int index = 0; index < 100; index++) {
      free(inherited[index]);
      inherited[index] = malloc(24);
   }
   for (int index = 0; index < 100; index++) free(inherited[index]);
}

int main(void) {
   for (int index = 0; index < 100; index++) inherited[index] = before_the_fork();
   pid_t child = fork();
   if (child == 0) {
      in_the_child();
      go_on(20000);
      return 7;
   }
   go_on(20000);
   int status;
   waitpid(child, &status, 0);
   printf("child %d\n", WEXITSTATUS(status));
   return 0;
}
