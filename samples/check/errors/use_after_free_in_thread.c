// CHECK: kind=heap-use-after-free access=write offset=0 block=48 alloc=make freed=worker
// Freed by one thread, used by another.
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <stdio.h>

static char *make(size_t size) { return malloc(size); }

static void *worker(void *block) {
    free(block);
    return NULL;
}

int main(void) {
    char *block = make(48);
    char *volatile alias = block;
    pthread_t thread;
    pthread_create(&thread, NULL, worker, block);
    pthread_join(thread, NULL);
#ifndef CLEAN
    alias[0] = 1;
#else
    (void)alias;
#endif
    return 0;
}
