// Loses 45 bytes, then lets `ldt leaks` look at it (the path is the argument) while it goes on allocating.
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>
#include "../leaks/apart.h"

APART static void lose(void) {
   char *volatile block = calloc(45, 1);
   (void)block;
}

int main(int count, char **arguments) {
   char pid[32];
   if (count < 2) return 2;
   snprintf(pid, sizeof pid, "%d", getpid());
   lose();
   pid_t child = fork();
   if (child == 0) {
      execl(arguments[1], "ldt", "leaks", pid, (char *)0);
      _exit(127);
   }
   int status;
   while (waitpid(child, &status, WNOHANG) == 0) {
      char *volatile block = malloc(10);
      free(block);
   }
   return WIFEXITED(status) ? WEXITSTATUS(status) : 3;
}
