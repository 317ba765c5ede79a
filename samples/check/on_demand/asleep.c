// BUILD: -pthread
// Loses 45 bytes and then sleeps: in a thread in nanosleep, in main in poll. `ldt leaks` (the path is the first
// argument) is its child, and ends the sleep by what it prints. Nothing allocates meanwhile, and no call ends early.
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include "../leaks/apart.h"

APART static void lose(void) {
   char *volatile block = calloc(45, 1);
   (void)block;
}

static void *sleep_long(void *nothing) {
   struct timespec long_time = {100000, 0};
   nanosleep(&long_time, 0);
   // Only a signal that was not hidden from it comes here.
   write(1, "woken\n", 6);
   return nothing;
}

static void count(int number) {
   (void)number;
}

int main(int arguments, char **argument) {
   char pid[32];
   int said[2];
   if (arguments < 2) return 2;
   if (arguments > 2 && !strcmp(argument[2], "takes the signal")) signal(SIGSTKFLT, count);
   if (arguments > 2 && !strcmp(argument[2], "asks for the signal")) {
      struct sigaction action;
      sigaction(SIGSTKFLT, 0, &action);
      printf("default %d\n", action.sa_handler == SIG_DFL);
      signal(SIGSTKFLT, SIG_DFL);
      fflush(stdout);
   }
   if (pipe(said)) return 3;
   snprintf(pid, sizeof pid, "%d", getpid());
   lose();
   // All that allocates comes before the fork: an event would answer.
   pthread_t thread;
   pthread_create(&thread, 0, sleep_long, 0);
   pid_t child = fork();
   if (child == 0) {
      dup2(said[1], 1);
      dup2(said[1], 2);
      execl(argument[1], "ldt", "leaks", "--wait=3", pid, (char *)0);
      _exit(127);
   }
   struct pollfd wait_for = {said[0], POLLIN, 0};
   errno = 0;
   int ready = poll(&wait_for, 1, -1);
   printf("poll %d, errno %d\n", ready, errno);
   fflush(stdout);
   // Whatever is said now is passed on without another allocation.
   close(said[1]);
   char text[4096];
   ssize_t length;
   while ((length = read(said[0], text, sizeof text)) > 0) write(1, text, length);
   int status;
   waitpid(child, &status, 0);
   _exit(0);
}
