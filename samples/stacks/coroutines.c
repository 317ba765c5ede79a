// LDT: allocations=400 frees=400 in_coroutine:allocations=400
// Four coroutines on stacks of their own, taking turns with the main one between their allocations.
#include <stdlib.h>
#include <ucontext.h>

enum { COROUTINES = 4, TURNS = 100, STACK_BYTES = 64 << 10 };
static ucontext_t main_context, contexts[COROUTINES];
static _Alignas(16) char stacks[COROUTINES][STACK_BYTES];
static volatile long passed;

__attribute__((noinline)) void in_coroutine(int self) {
    void *block = malloc(16 + self);
    swapcontext(&contexts[self], &main_context);
    free(block);
    passed++;
}

static void coroutine(int self) {
    for (int turn = 0; turn < TURNS; turn++) in_coroutine(self);
}

int main(void) {
    for (int self = 0; self < COROUTINES; self++) {
        getcontext(&contexts[self]);
        contexts[self].uc_stack.ss_sp = stacks[self];
        contexts[self].uc_stack.ss_size = STACK_BYTES;
        contexts[self].uc_link = &main_context;
        makecontext(&contexts[self], (void (*)(void))coroutine, 1, self);
    }
    for (int turn = 0; turn <= TURNS; turn++)
        for (int self = 0; self < COROUTINES; self++) swapcontext(&main_context, &contexts[self]);
    return passed != COROUTINES * TURNS;
}
