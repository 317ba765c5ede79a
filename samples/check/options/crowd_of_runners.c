// Part of `tests/tests/crowds.rs`: more threads than the machine has processors for run without a pause when the first one
// returns from main; each has a block, whose address is in a register and nowhere else. Argument: how many threads.
#define _GNU_SOURCE
#include <pthread.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <linux/futex.h>

static volatile int open_now;

static void *run(void *unused) {
    (void)unused;
    char *block = malloc(100);
    while (!open_now)
        syscall(SYS_futex, &open_now, FUTEX_WAIT, 0, 0, 0, 0);
    for (;;)
        __asm__ volatile("pause" : : "r"(block));
    return 0;
}

int main(int count, char **arguments) {
    pthread_attr_t small;
    pthread_attr_init(&small);
    pthread_attr_setstacksize(&small, 64 << 10);
    for (int left = count > 1 ? atoi(arguments[1]) : 1; left > 0; left--) {
        pthread_t thread;
        if (pthread_create(&thread, &small, run, 0))
            return 1;
    }
    open_now = 1;
    syscall(SYS_futex, &open_now, FUTEX_WAKE, 1 << 30, 0, 0, 0);
    return 0;
}
