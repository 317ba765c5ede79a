// LEAKS: definite=30/1 reachable=110/2
// VALGRIND: definite=140/3
// A block is known to epoll alone, as the data of a descriptor, and one is the value of a timer: both come back with an event.
// One that was registered and is no more is lost.
#include <signal.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <time.h>
#include <unistd.h>
#include "apart.h"

static int ends[2], epoll;
static sigset_t awaited;

APART static void attach(int operation, int bytes) {
   struct epoll_event event = {.events = EPOLLIN, .data.ptr = malloc(bytes)};
   epoll_ctl(epoll, operation, ends[0], &event);
}

APART static void set_timer(int bytes) {
   struct sigevent event = {.sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGUSR1, .sigev_value.sival_ptr = malloc(bytes)};
   struct itimerspec soon = {.it_value.tv_nsec = 1};
   timer_t timer;
   timer_create(CLOCK_MONOTONIC, &event, &timer);
   timer_settime(timer, 0, &soon, 0);
}

#ifdef CLEAN
APART static void free_registered(void) {
   struct epoll_event event;
   write(ends[1], "", 1);
   epoll_wait(epoll, &event, 1, -1);
   free(event.data.ptr);
}

APART static void free_timers(void) {
   siginfo_t info;
   sigwaitinfo(&awaited, &info);
   free(info.si_value.sival_ptr);
}
#endif

int main(void) {
   sigemptyset(&awaited);
   sigaddset(&awaited, SIGUSR1);
   sigprocmask(SIG_BLOCK, &awaited, 0);
   epoll = epoll_create1(0);
   pipe(ends);
   attach(EPOLL_CTL_ADD, 30);
#ifdef CLEAN
   free_registered();
#endif
   attach(EPOLL_CTL_MOD, 50);
   set_timer(60);
#ifdef CLEAN
   free_registered();
   free_timers();
#endif
   return 0;
}
