// LDT: valgrind=calls exit=0
// A thousand threads, one after another, that never allocate: the only event of each is what libc frees at
// its very end, after all destructors, so that nothing tells LDT that the thread is gone.
// BUILD: -pthread
#include <pthread.h>
#include <stddef.h>

static void *idle(void *unused) { return unused; }

int main(void) {
    for (int number = 0; number < 1000; number++) {
        pthread_t thread;
        if (pthread_create(&thread, NULL, idle, NULL) != 0) return 1;
        if (pthread_join(thread, NULL) != 0) return 1;
    }
    return 0;
}
