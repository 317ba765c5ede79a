// LDT: at_thread_end:allocations=12 at_thread_end:leaked_bytes=0 body:allocations=4 body:leaked_bytes=0 valgrind=calls
// A thread-specific key's destructor frees and allocates, three rounds long, while the thread ends.
// BUILD: -pthread
#include <pthread.h>
#include <stdlib.h>

static pthread_key_t key;

__attribute__((noinline)) void at_thread_end(void *value) {
    int *rounds_left = value;
    int rounds = *rounds_left;
    free(rounds_left);
    rounds_left = malloc(sizeof *rounds_left);
    *rounds_left = rounds - 1;
    if (rounds > 1) pthread_setspecific(key, rounds_left); else free(rounds_left);
}

static void *body(void *unused) {
    int *rounds = malloc(sizeof *rounds);
    *rounds = 3;
    pthread_setspecific(key, rounds);
    return unused;
}

int main(void) {
    pthread_key_create(&key, at_thread_end);
    for (int round = 0; round < 4; round++) {
        pthread_t thread;
        if (pthread_create(&thread, NULL, body, NULL) != 0) return 1;
        pthread_join(thread, NULL);
    }
    return 0;
}
