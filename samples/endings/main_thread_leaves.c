// LDT: in_last_thread:allocations=500 exit=0 valgrind=no
// The first thread leaves by pthread_exit; the process ends when the last one does.
// BUILD: -pthread
#include <pthread.h>
#include <stdlib.h>

static pthread_t first;
static volatile long passed;

__attribute__((noinline)) void in_last_thread(void) { (void)!malloc(10); passed++; }

static void *body(void *unused) {
    pthread_join(first, NULL);
    for (int i = 0; i < 500; i++) in_last_thread();
    return unused;
}

int main(void) {
    first = pthread_self();
    pthread_t thread;
    pthread_create(&thread, NULL, body, NULL);
    pthread_detach(thread);
    pthread_exit(NULL);
}
