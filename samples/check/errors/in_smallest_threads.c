// CHECK: kind=heap-use-after-free access=read offset=5 block=10 alloc=main freed=main fault=touch guard=all
// BUILD: -pthread
// Forty threads at once with the smallest stack that there may be: each makes the same error, and allocates.
#include <limits.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdlib.h>
#include <string.h>

enum { THREADS = 40 };

static char *volatile block;
static sem_t all_are_here;

static __attribute__((noinline)) void touch(void) { (void)*(volatile char *)&block[5]; }

static void *worker(void *unused) {
    // What the program itself uses of the stack.
    volatile char own[1024];
    memset((char *)own, 1, sizeof own);
    touch();
    free(malloc(10));
    sem_wait(&all_are_here);
    return own[17] ? unused : NULL;
}

int main(void) {
    pthread_t threads[THREADS];
    pthread_attr_t small;
    sem_init(&all_are_here, 0, 0);
    pthread_attr_init(&small);
    if (pthread_attr_setstacksize(&small, PTHREAD_STACK_MIN) != 0) return 1;
    block = malloc(10);
#ifndef CLEAN
    free(block);
#endif
    for (int number = 0; number < THREADS; number++) {
        if (pthread_create(&threads[number], &small, worker, NULL) != 0) return 1;
    }
    for (int number = 0; number < THREADS; number++) sem_post(&all_are_here);
    for (int number = 0; number < THREADS; number++) pthread_join(threads[number], NULL);
#ifdef CLEAN
    free(block);
#endif
    return 0;
}
