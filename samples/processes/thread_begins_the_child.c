// LDT: children=1 children.of_the_thread:allocations=100 children.of_the_forker:allocations=100 of_the_forker:allocations=1 valgrind=no
// A forked child whose first call of the heap is a new thread's: the thread that forked comes later, and goes on in the
// child's own trace. Making a thread allocates by calloc, which this program has to itself.
// BUILD: -pthread
#include <pthread.h>
#include <semaphore.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

static volatile long passed;
static sem_t done;
static char stack[1 << 18] __attribute__((aligned(4096)));
static char memory[1 << 18] __attribute__((aligned(16)));
static size_t used;

/* For the C library's own, which gives nothing back: the thread never ends. */
void *calloc(size_t count, size_t size) {
    void *block = memory + used;
    used += (count * size + 15) & ~(size_t)15;
    return block;
}

__attribute__((noinline)) void of_the_thread(void) { free(malloc(77)); passed++; }
__attribute__((noinline)) void of_the_forker(void) { free(malloc(78)); passed++; }

static void *first(void *unused) {
    for (int i = 0; i < 100; i++) of_the_thread();
    sem_post(&done);
    for (;;) pause();
    return unused;
}

int main(void) {
    of_the_forker();
    pid_t child = fork();
    if (child == 0) {
        pthread_t thread;
        pthread_attr_t attributes;
        sem_init(&done, 0, 0);
        pthread_attr_init(&attributes);
        pthread_attr_setstack(&attributes, stack, sizeof stack);
        pthread_create(&thread, &attributes, first, NULL);
        sem_wait(&done);
        for (int i = 0; i < 100; i++) of_the_forker();
        _exit(0);
    }
    int status = 0;
    waitpid(child, &status, 0);
    return status != 0;
}
