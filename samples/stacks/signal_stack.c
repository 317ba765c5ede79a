// LDT: allocations=30 frees=30 handler:allocations=10 interrupted:allocations=20 main:allocations=30
// A handler that allocates on an alternate signal stack; the frames that it interrupted lie beyond it.
#define _GNU_SOURCE
#include <signal.h>
#include <stdlib.h>

static _Alignas(16) char alternate[64 << 10];
static volatile long passed;

__attribute__((noinline)) void handler(int signal_number) {
    free(malloc(100 + signal_number));
    passed++;
}

__attribute__((noinline)) void interrupted(void) {
    free(malloc(50));
    raise(SIGUSR1);
    passed++;
}

int main(void) {
    stack_t stack = {.ss_sp = alternate, .ss_size = sizeof alternate};
    struct sigaction action = {.sa_handler = handler, .sa_flags = SA_ONSTACK};
    if (sigaltstack(&stack, NULL) != 0 || sigaction(SIGUSR1, &action, NULL) != 0) return 1;
    /* One call of it, also where gcc 14 would make two of the loop. */
#pragma GCC unroll 1
    for (int round = 0; round < 10; round++) interrupted();
    for (int round = 0; round < 10; round++) free(malloc(9));
    return passed != 20;
}
