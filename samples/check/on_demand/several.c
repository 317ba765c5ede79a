// BUILD: -pthread
// Asks for leak checks while it runs, and compares what they say. A thread that waits in a call which no
// signal may end early is stopped each time, and must not notice. (It waits there by then: one that enters the call at that very
// moment may find it ended early, see "Limits" of preload/README.md.)
#define _GNU_SOURCE
#include <errno.h>
#include <pthread.h>
#include <poll.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include "../../../preload/include/ldt.h"
#include "../leaks/apart.h"

static int pipes[2];
static char *volatile kept;
static atomic_int waiter;

APART static void lose(int bytes) {
   char *volatile block = calloc(bytes, 1);
   kept = 0;
   (void)block;
}

static void *wait_for_a_byte(void *nothing) {
   struct pollfd poll_for = {pipes[0], POLLIN, 0};
   errno = 0;
   waiter = gettid();
   int ready = poll(&poll_for, 1, -1);
   printf("poll %d, errno %d\n", ready, errno);
   return nothing;
}

static int is_asleep(void) {
   char path[64], state = 0;
   snprintf(path, sizeof path, "/proc/self/task/%d/stat", waiter);
   FILE *stat = fopen(path, "r");
   int known = stat && fscanf(stat, "%*d (%*[^)]) %c", &state) == 1;
   if (stat) fclose(stat);
   return known && state == 'S';
}

int main(void) {
   pthread_t thread;
   if (pipe(pipes)) abort();
   pthread_create(&thread, 0, wait_for_a_byte, 0);
   while (waiter == 0 || !is_asleep()) sched_yield();
   ldt_mark("several");
   int loaded = ldt_is_loaded();
   printf("at first %zu\n", ldt_leak_check());
   lose(10);
   printf("then %zu\n", ldt_leak_check() + (loaded ? 0 : 10));
   lose(20);
   kept = calloc(30, 1);
   printf("later %zu\n", ldt_leak_check() + (loaded ? 0 : 30));
   kept = 0;
   printf("at last %zu\n", ldt_leak_check() + (loaded ? 0 : 60));
   printf("errors %zu\n", ldt_check());
   if (write(pipes[1], "", 1) != 1) abort();
   pthread_join(thread, 0);
   return 0;
}
