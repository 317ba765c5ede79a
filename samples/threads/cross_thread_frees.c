// LDT: produce:allocations=20000 produce:leaked_blocks=0 produce:temporary=0 reuse:allocations=20000 reuse:leaked_blocks=0 valgrind=calls
// One thread allocates what the other frees and gets the addresses back at once: the order between the
// threads decides whether the books balance.
// BUILD: -pthread
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

enum { BLOCKS = 20000, PLACES = 64 };
static _Atomic(void *) places[PLACES];

__attribute__((noinline)) void produce(int number) {
    void *block = malloc(16 + number % 48);
    while (atomic_load(&places[number % PLACES])) ;
    atomic_store(&places[number % PLACES], block);
}

__attribute__((noinline)) void reuse(int number) {
    void *block = malloc(16 + number % 48);
    ((volatile char *)block)[0] = 1;
    free(block);
}

static void *consumer(void *unused) {
    for (int number = 0; number < BLOCKS; number++) {
        void *block;
        while (!(block = atomic_exchange(&places[number % PLACES], NULL))) ;
        free(block);
        reuse(number);
    }
    return unused;
}

int main(void) {
    pthread_t thread;
    pthread_create(&thread, NULL, consumer, NULL);
    for (int number = 0; number < BLOCKS; number++) produce(number);
    return pthread_join(thread, NULL);
}
