/* (d) Four threads that hand their blocks to each other: each new block takes a place in a table
 * that all share, and whoever put it there frees what it finds. */
#include "workload.h"
#include <pthread.h>
#include <stdatomic.h>

enum { THREADS = 4, SLOTS = 4096 };

static _Atomic(void *) table[SLOTS];
static long count_each;

__attribute__((noinline)) static void exchange(uint64_t random) {
    void *block = filled(malloc(random_size(random)));
    free(atomic_exchange_explicit(&table[random % SLOTS], block, memory_order_acq_rel));
    AFTER_CALL();
}

__attribute__((noinline)) static void trade(void *argument) {
    uint64_t random = 0x9e3779b97f4a7c15ULL * (uint64_t)(1 + (intptr_t)argument);
    for (long i = 0; i < count_each; i++)
        exchange(next_random(&random));
    AFTER_CALL();
}

static void *work(void *argument) {
    down_a(3, trade, argument);
    return NULL;
}

int main(int argc, char **argv) {
    pthread_t threads[THREADS];
    count_each = count_argument(argc, argv) / THREADS;
    for (intptr_t i = 0; i < THREADS; i++)
        if (pthread_create(&threads[i], NULL, work, (void *)i) != 0) {
            perror("pthread_create");
            return 1;
        }
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    for (int i = 0; i < SLOTS; i++)
        free(table[i]);
    return 0;
}
