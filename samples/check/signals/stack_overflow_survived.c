// A program that survives its own stack overflow: a handler on an alternate stack jumps out.
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

static sigjmp_buf out;
static char room_for_handler[64 << 10];

static void handler(int number, siginfo_t *info, void *context) {
    (void)number, (void)info, (void)context;
    char here;
    siglongjmp(out, &here >= room_for_handler && &here < room_for_handler + sizeof room_for_handler ? 1 : 2);
}

__attribute__((noinline)) static long deeper(long depth) {
    volatile char room[1000];
    room[depth % 1000] = 1;
    return deeper(depth + 1) + room[0];
}

int main(void) {
    stack_t stack = {room_for_handler, 0, sizeof room_for_handler};
    sigaltstack(&stack, NULL);
    struct sigaction action = {0};
    action.sa_sigaction = handler;
    action.sa_flags = SA_SIGINFO | SA_ONSTACK;
    sigaction(SIGSEGV, &action, NULL);
    for (int round = 0; round < 3; round++) {
        free(malloc(100));
        int where = sigsetjmp(out, 1);
        if (where == 0) deeper(0);
        printf("jumped out of %s\n", where == 1 ? "the alternate stack" : "another stack");
    }
    return 0;
}
