// LDT: body:allocations=3000 body:leaked_bytes=0 body:bytes=150000 valgrind=calls
// Thousands of threads that live for one block: what LDT keeps for a thread goes with it.
// BUILD: -pthread
#include <pthread.h>
#include <stdlib.h>

static void *body(void *unused) {
    free(malloc(50));
    return unused;
}

int main(void) {
    for (int round = 0; round < 750; round++) {
        pthread_t threads[4];
        for (int i = 0; i < 4; i++)
            if (pthread_create(&threads[i], NULL, body, NULL) != 0) return 1;
        for (int i = 0; i < 4; i++) pthread_join(threads[i], NULL);
    }
    return 0;
}
