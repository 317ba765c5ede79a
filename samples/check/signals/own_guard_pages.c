// BUILD: -pthread
// A collector that finds out by protected pages which ones are written: thousands of faults in several
// threads, each mended by the program's handler, which leaves every register as it was.
#define _GNU_SOURCE
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>

enum { PAGES = 64, ROUNDS = 20, THREADS = 4 };
static char *heap;
static atomic_long faults;

static void barrier(int number, siginfo_t *info, void *context) {
    (void)number, (void)context;
    char *page = (char *)((unsigned long)info->si_addr & ~4095ul);
    if (page < heap || page >= heap + PAGES * THREADS * 4096) abort();
    atomic_fetch_add(&faults, 1);
    mprotect(page, 4096, PROT_READ | PROT_WRITE);
}

static void *mutator(void *argument) {
    char *part = heap + (long)argument * PAGES * 4096;
    double sum = 0, expected = 0;
    for (int round = 0; round < ROUNDS; round++) {
        mprotect(part, PAGES * 4096, PROT_READ);
        for (int page = 0; page < PAGES; page++) {
            double value = page * 1.5 + round;
            *(volatile double *)(part + page * 4096 + 8 * round) = value;
            sum += *(double *)(part + page * 4096 + 8 * round);
            expected += value;
            free(malloc((size_t)page + 1));
        }
    }
    return (void *)(long)(sum == expected);
}

int main(void) {
    heap = mmap(NULL, PAGES * THREADS * 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    struct sigaction action = {0};
    action.sa_sigaction = barrier;
    action.sa_flags = SA_SIGINFO | SA_RESTART;
    sigaction(SIGSEGV, &action, NULL);
    pthread_t threads[THREADS];
    long right = 0;
    for (long index = 0; index < THREADS; index++) pthread_create(&threads[index], NULL, mutator, (void *)index);
    for (int index = 0; index < THREADS; index++) {
        void *result;
        pthread_join(threads[index], &result);
        right += (long)result;
    }
    printf("%ld faults, %ld threads were right\n", faults, right);
    return 0;
}
