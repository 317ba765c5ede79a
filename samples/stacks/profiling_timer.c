// LDT: allocations=200000 frees=200000 work:allocations=200000 valgrind=no
// A timer's signals arrive inside malloc, free and LDT itself; the handler walks no stack but its own.
#define _GNU_SOURCE
#include <signal.h>
#include <stdlib.h>
#include <time.h>

static volatile long ticks, passed;

static void tick(int signal_number) { ticks += signal_number > 0; }

__attribute__((noinline)) void work(int depth) {
    if (depth > 0) work(depth - 1); else free(malloc(40));
    passed++;
}

int main(void) {
    struct sigaction action = {.sa_handler = tick, .sa_flags = SA_RESTART};
    sigaction(SIGPROF, &action, NULL);
    struct sigevent event = {.sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGPROF};
    struct itimerspec every = {{0, 50000}, {0, 50000}};
    timer_t timer;
    if (timer_create(CLOCK_MONOTONIC, &event, &timer) != 0) return 1;
    timer_settime(timer, 0, &every, NULL);
    for (int round = 0; round < 200000; round++) work(round % 5);
    timer_delete(timer);
    return ticks == 0;
}
