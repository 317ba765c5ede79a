// A handler with SA_NODEFER faults itself; another changes the registers to pass over the instruction.
#define _GNU_SOURCE
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <ucontext.h>

static int depth;

static void passes_over(ucontext_t *context, long bytes) {
    context->uc_mcontext.gregs[REG_RIP] += bytes;
}

static void handler(int number, siginfo_t *info, void *context) {
    (void)number;
    printf("fault at %p, depth %d\n", info->si_addr, depth);
    if (depth++ < 3) {
        // mov byte ptr [rax], 1 has three bytes.
        asm volatile("movb $1, (%0)" : : "a"(depth * 16L) : "memory");
        printf("back in depth %d\n", depth);
    }
    passes_over(context, 3);
}

int main(void) {
    struct sigaction action = {0};
    action.sa_sigaction = handler;
    action.sa_flags = SA_SIGINFO | SA_NODEFER;
    sigaction(SIGSEGV, &action, NULL);
    free(malloc(10));
    asm volatile("movb $1, (%0)" : : "a"(1L) : "memory");
    printf("done\n");
    return 0;
}
