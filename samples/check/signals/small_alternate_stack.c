// CHECK: kind=heap-buffer-overflow access=write size=1 offset=48 block=48 alloc=main fault=main
// CHECK: kind=heap-buffer-overflow access=read size=1 offset=64 block=64 alloc=main fault=handler guard=all,adaptive
// The smallest alternate stack there may be is set when a guard page is touched, outside of it and on it.
#define _GNU_SOURCE
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/auxv.h>

static volatile char *block;

static void handler(int number) {
    (void)number;
    (void)block[64];
}

int main(void) {
    size_t bytes = getauxval(AT_MINSIGSTKSZ);
    if (bytes < MINSIGSTKSZ) bytes = MINSIGSTKSZ;
    stack_t small = {malloc(bytes), 0, bytes}, told;
    printf("set: %d\n", sigaltstack(&small, NULL));
    block = malloc(48);
    block[48] = 1;
    free((void *)block);
    sigaltstack(NULL, &told);
    printf("told: %d %d %d\n", told.ss_sp == small.ss_sp, told.ss_flags, told.ss_size == bytes);

    stack_t usual = {malloc(64 << 10), 0, 64 << 10};
    printf("set: %d\n", sigaltstack(&usual, &told));
    printf("before: %d\n", told.ss_sp == small.ss_sp);
    struct sigaction action = {0};
    action.sa_handler = handler;
    action.sa_flags = SA_ONSTACK;
    sigaction(SIGUSR1, &action, NULL);
    block = malloc(64);
    raise(SIGUSR1);
    free((void *)block);
    stack_t none = {NULL, SS_DISABLE, 0};
    printf("none: %d\n", sigaltstack(&none, NULL));
    sigaltstack(NULL, &told);
    printf("told: %d\n", told.ss_flags);
    free(small.ss_sp);
    free(usual.ss_sp);
    return 0;
}
