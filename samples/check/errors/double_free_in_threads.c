// CHECK: kind=double-free offset=0 block=32 alloc=main fault=worker
// Two threads free one block.
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <stdio.h>

static void *worker(void *block) {
    free(block);
    return NULL;
}

int main(void) {
    char *block = malloc(32);
    pthread_t threads[2];
#ifdef CLEAN
    char *other = malloc(32);
#else
    char *other = block;
#endif
    pthread_create(&threads[0], NULL, worker, block);
    pthread_join(threads[0], NULL);
    pthread_create(&threads[1], NULL, worker, other);
    pthread_join(threads[1], NULL);
    return 0;
}
