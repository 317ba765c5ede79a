// LDT: at_work:allocations=500 exit=8 valgrind=calls
// A second thread ends the process while the first one waits for it.
// BUILD: -pthread
#include <pthread.h>
#include <stdlib.h>

static volatile long passed;

__attribute__((noinline)) void at_work(void) { (void)!malloc(10); passed++; }

static void *body(void *unused) {
    (void)unused;
    for (int i = 0; i < 500; i++) at_work();
    exit(8);
}

int main(void) {
    pthread_t thread;
    pthread_create(&thread, NULL, body, NULL);
    return pthread_join(thread, NULL);
}
