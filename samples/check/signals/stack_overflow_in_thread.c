// CHECK: kind=crash access=write fault=deeper
// BUILD: -pthread
// The same in a thread, whose stack ends at a page that was made inaccessible.
#include <pthread.h>
#include <stdlib.h>

__attribute__((noinline)) static long deeper(long depth) {
    volatile char room[1000];
    room[depth % 1000] = 1;
    return deeper(depth + 1) + room[0];
}

static void *work(void *argument) {
    free(malloc(10));
    return (void *)deeper((long)argument);
}

int main(void) {
    pthread_t thread;
    pthread_create(&thread, NULL, work, NULL);
    pthread_join(thread, NULL);
    return 0;
}
