// LDT: children=5 children.in_child:allocations=500 in_child:allocations=0 valgrind=no
// A process with busy threads forks: in the child only the forking thread lives on, whatever the others
// held at that moment.
// BUILD: -pthread
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

static atomic_int stop;
static volatile long passed;

__attribute__((noinline)) void in_child(void) { free(malloc(77)); passed++; }

static void *busy(void *unused) {
    while (!stop) free(malloc(64));
    return unused;
}

int main(void) {
    pthread_t threads[2];
    for (int i = 0; i < 2; i++) pthread_create(&threads[i], NULL, busy, NULL);
    int failures = 0;
    for (int round = 0; round < 5; round++) {
        pid_t child = fork();
        if (child == 0) {
            for (int i = 0; i < 100; i++) in_child();
            _exit(0);
        }
        int status = 0;
        waitpid(child, &status, 0);
        failures += status != 0;
    }
    stop = 1;
    for (int i = 0; i < 2; i++) pthread_join(threads[i], NULL);
    return failures;
}
