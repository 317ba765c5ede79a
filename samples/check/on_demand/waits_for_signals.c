// BUILD: -pthread
// A thread waits for every signal there is while leak checks are made: it must get none but the one that main sends.
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include "../../../preload/include/ldt.h"

static volatile int waits;

static void *wait_for_signals(void *nothing) {
   sigset_t all;
   int number = 0;
   sigfillset(&all);
   waits = 1;
   sigwait(&all, &number);
   printf("got %d\n", number == SIGUSR1 ? 1 : -number);
   return nothing;
}

int main(void) {
   pthread_t thread;
   sigset_t all;
   sigfillset(&all);
   pthread_sigmask(SIG_BLOCK, &all, 0);
   pthread_create(&thread, 0, wait_for_signals, 0);
   while (!waits) {}
   for (int turn = 0; turn < 200; turn++) ldt_leak_check();
   pthread_kill(thread, SIGUSR1);
   pthread_join(thread, 0);
   return 0;
}
