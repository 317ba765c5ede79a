// LEAKS: definite=25/1 reachable=100/1
// The process ends by the number of the system call, past libc's functions of the end: no exit handler runs.
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>
#include "apart.h"

static char *volatile kept;

static void at_exit(void) {
   free(kept);
   kept = 0;
}

APART static void lose(void) {
   char *volatile lost = calloc(25, 1);
   kept = calloc(100, 1);
#ifdef CLEAN
   free(lost);
   at_exit();
#endif
}

int main(void) {
   atexit(at_exit);
   lose();
   syscall(SYS_exit_group, 0);
}
