// BUILD: -pthread
// A thread frees its alternate stack and leaves it set, which is harmless while no signal comes; the leak check stops the thread by one.
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static int ready[2], never[2];

static void *work(void *nothing) {
    char byte;
    stack_t stack = {.ss_size = 1 << 16};
    stack.ss_sp = malloc(stack.ss_size);
    sigaltstack(&stack, NULL);
    free(stack.ss_sp);
    if (write(ready[1], "x", 1) != 1) return NULL;
    return read(never[0], &byte, 1) == 1 ? NULL : nothing;
}

int main(void) {
    pthread_t thread;
    char byte;
    if (pipe(ready) || pipe(never)) return 1;
    pthread_create(&thread, NULL, work, NULL);
    if (read(ready[0], &byte, 1) != 1) return 1;
    puts("ends");
    return 0;
}
