// LDT: by_cancelled:allocations=5 by_cancelled:leaked_blocks=5 by_leaver:allocations=1 tidy:allocations=2 valgrind=calls
// Threads that end by cancellation and by pthread_exit: both unwind the thread's stack, clean-up
// handlers and all.
// BUILD: -pthread -fexceptions
#include <pthread.h>
#include <semaphore.h>
#include <stdlib.h>

static sem_t ready, never;
static volatile long passed;

__attribute__((noinline)) void by_cancelled(void) { (void)!malloc(15); passed++; }
__attribute__((noinline)) void by_leaver(void) { (void)!malloc(16); passed++; }
__attribute__((noinline)) void tidy(void *unused) { (void)unused; (void)!malloc(17); passed++; }

static void *cancelled(void *unused) {
    pthread_cleanup_push(tidy, NULL);
    for (int round = 0; round < 5; round++) by_cancelled();
    sem_post(&ready);
    sem_wait(&never);
    pthread_cleanup_pop(0);
    return unused;
}

static void *leaver(void *unused) {
    pthread_cleanup_push(tidy, NULL);
    by_leaver();
    pthread_exit(NULL);
    pthread_cleanup_pop(0);
    return unused;
}

int main(void) {
    pthread_t threads[2];
    sem_init(&ready, 0, 0);
    sem_init(&never, 0, 0);
    pthread_create(&threads[0], NULL, cancelled, NULL);
    pthread_create(&threads[1], NULL, leaver, NULL);
    sem_wait(&ready);
    pthread_cancel(threads[0]);
    pthread_join(threads[0], NULL);
    return pthread_join(threads[1], NULL);
}
