// CHECK: kind=heap-buffer-overflow access=read offset=13 block=13 fault=before_its_handler guard=all,adaptive watchpoints=yes
// SIGTRAP is the program's as soon as it wants it: until then it is told the default, from then on its handler gets
// every trap, and blocks are watched no more.
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

static volatile int traps;

static void on_trap(int number) {
    (void)number;
    traps++;
}

static void before_its_handler(volatile char *block) { (void)block[13]; }
static void after_its_handler(volatile char *block) { (void)block[29]; }

int main(void) {
    char *first = malloc(13);
    before_its_handler(first);
    struct sigaction before, action = {.sa_handler = on_trap}, now;
    sigaction(SIGTRAP, NULL, &before);
    sigaction(SIGTRAP, &action, NULL);
    char *second = malloc(29);
    after_its_handler(second);
    raise(SIGTRAP);
    __asm__ volatile("int3");
    sigaction(SIGTRAP, NULL, &now);
    printf("the default %d, then its own %d, %d traps\n", before.sa_handler == SIG_DFL, now.sa_handler == on_trap, traps);
    free(first);
    free(second);
    return 0;
}
