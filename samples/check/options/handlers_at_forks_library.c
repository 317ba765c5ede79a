// Part of handlers_at_forks.c: the library.
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

int calls_of_handlers(void);
static int calls;

int calls_of_handlers(void) { return calls; }

static void allocate(void) {
    for (size_t bytes = 8; bytes < 100000; bytes += 333) free(memset(malloc(bytes), 1, bytes));
    calls++;
}

static void *free_in_a_thread(void *block) {
    free(block);
    free(malloc(5000));
    return NULL;
}

static void prepare(void) {
    allocate();
    pthread_t thread;
    if (pthread_create(&thread, NULL, free_in_a_thread, malloc(70)) == 0) pthread_join(thread, NULL);
}

__attribute__((constructor)) static void begin(void) { pthread_atfork(prepare, allocate, allocate); }
