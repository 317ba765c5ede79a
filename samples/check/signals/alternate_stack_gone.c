// A process that has given its alternate stack back still dies of the signal that is sent to it, as Ruby does.
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

int main(void) {
    stack_t stack = {.ss_size = 65536};
    stack.ss_sp = mmap(NULL, stack.ss_size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    sigaltstack(&stack, NULL);
    free(malloc(10));
    munmap(stack.ss_sp, stack.ss_size);
    puts("before");
    fflush(stdout);
    kill(getpid(), SIGTERM);
    puts("behind");
    return 0;
}
