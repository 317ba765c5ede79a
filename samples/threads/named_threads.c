// LDT: by_alpha:allocations=10 by_beta:allocations=20 by_alpha:leaked_bytes=0 valgrind=calls
// Two threads with names.
// BUILD: -pthread
#define _GNU_SOURCE
#include <pthread.h>
#include <stdlib.h>

static volatile long passed;

__attribute__((noinline)) void by_alpha(void) { free(malloc(33)); passed++; }
__attribute__((noinline)) void by_beta(void) { free(malloc(44)); passed++; }

static void *alpha(void *unused) {
    pthread_setname_np(pthread_self(), "alpha");
    for (int round = 0; round < 10; round++) by_alpha();
    return unused;
}

static void *beta(void *unused) {
    pthread_setname_np(pthread_self(), "beta");
    for (int round = 0; round < 20; round++) by_beta();
    return unused;
}

int main(void) {
    pthread_t threads[2];
    pthread_create(&threads[0], NULL, alpha, NULL);
    pthread_create(&threads[1], NULL, beta, NULL);
    pthread_join(threads[0], NULL);
    return pthread_join(threads[1], NULL);
}
