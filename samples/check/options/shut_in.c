// A server's way: a thread waits, the process changes its root to a folder where there is no /proc, and loses blocks there. A second
// change of the root fails. Ends with 77 where nobody may change it.
#define _GNU_SOURCE
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <stdlib.h>
#include <unistd.h>
#include "../leaks/apart.h"

static int pipe_ends[2];

static void *wait_for_nothing(void *none) {
   char byte;
   while (read(pipe_ends[0], &byte, 1) != 0) continue;
   return none;
}

APART static void lose(void) {
   for (int at = 0; at < 4; at++) {
      char *volatile block = malloc(40);
      block[0] = 1;
   }
}

int main(void) {
   // Any user may, in a namespace of their own.
   if (geteuid() != 0 && unshare(CLONE_NEWUSER) != 0) return 77;
   pthread_t thread;
   if (pipe(pipe_ends) != 0 || pthread_create(&thread, NULL, wait_for_nothing, NULL) != 0) return 1;
   if (chroot("/proc/self/fdinfo") != 0) return errno == EPERM ? 77 : 2;
   if (chdir("/") != 0 || chroot("/nowhere") != -1 || errno != ENOENT) return 3;
   lose();
   return access("/proc", F_OK) == 0;
}
