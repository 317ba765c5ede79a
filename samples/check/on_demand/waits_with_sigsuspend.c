// BUILD: -pthread
// A thread waits in sigsuspend, another blocks every signal, and a helper of the C library's waits for what cancels threads, while
// leak checks are made: the first must only come back by the signal that main sends.
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>
#include "../../../preload/include/ldt.h"

static volatile int waits, came, fired;
static int never[2];

static void handler(int number) { came = number; }

static void *suspend(void *nothing) {
   sigset_t none;
   sigemptyset(&none);
   waits = 1;
   int result = sigsuspend(&none);
   printf("back %d, came %d\n", result, came == SIGUSR1);
   return nothing;
}

static void *block_all(void *nothing) {
   sigset_t all;
   char byte;
   sigfillset(&all);
   pthread_sigmask(SIG_SETMASK, &all, NULL);
   return read(never[0], &byte, 1) == 1 ? NULL : nothing;
}

static void fire(union sigval value) { __atomic_store_n(&fired, value.sival_int, __ATOMIC_SEQ_CST); }

int main(void) {
   pthread_t suspended, blocking;
   sigset_t one;
   sigemptyset(&one);
   sigaddset(&one, SIGUSR1);
   pthread_sigmask(SIG_BLOCK, &one, NULL);
   signal(SIGUSR1, handler);
   if (pipe(never)) return 1;
   struct sigevent event = {.sigev_notify = SIGEV_THREAD, .sigev_notify_function = fire, .sigev_value.sival_int = 7};
   timer_t timer;
   if (timer_create(CLOCK_MONOTONIC, &event, &timer)) return 1;
   pthread_create(&suspended, NULL, suspend, NULL);
   pthread_create(&blocking, NULL, block_all, NULL);
   while (!waits) {}
   for (int turn = 0; turn < 50; turn++) {
      free(malloc(10));
      ldt_leak_check();
   }
   pthread_kill(suspended, SIGUSR1);
   pthread_join(suspended, NULL);
   struct itimerspec soon = {{0, 0}, {0, 1000}};
   timer_settime(timer, 0, &soon, NULL);
   while (!__atomic_load_n(&fired, __ATOMIC_SEQ_CST)) {}
   printf("fired %d\n", fired);
   if (write(never[1], "x", 1) != 1) return 1;
   pthread_join(blocking, NULL);
   return 0;
}
