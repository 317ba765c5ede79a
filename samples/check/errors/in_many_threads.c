// CHECK: kind=heap-buffer-overflow access=write offset=16 block=16 alloc=worker fault=worker guard=all guard-side=after count=4
// Four threads make the same error: one report, four times.
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <stdio.h>

static void *worker(void *unused) {
    char *volatile block = malloc(16);
#ifdef CLEAN
    block[15] = 1;
#else
    block[16] = 1;
#endif
    free(block);
    return unused;
}

int main(void) {
    pthread_t threads[4];
    for (int i = 0; i < 4; i++)
        pthread_create(&threads[i], NULL, worker, NULL);
    for (int i = 0; i < 4; i++)
        pthread_join(threads[i], NULL);
    return 0;
}
