// CHECK: kind=heap-buffer-overflow access=write offset=32 block=32 fault=overflow guard=all,adaptive
// CHECK: kind=heap-buffer-overflow access=write offset=32 block=32 detected_by=redzone guard=off
// A program that handles SIGTRAP keeps its handler and its mask through errors that LDT steps over, blocked or not.
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

static volatile int traps;

static void on_trap(int number) {
    (void)number;
    traps++;
}

static void overflow(char *volatile block) { block[32] = 1; }

int main(void) {
    struct sigaction action = {.sa_handler = on_trap};
    sigaction(SIGTRAP, &action, NULL);
    char *block = malloc(32);
    overflow(block);
    raise(SIGTRAP);
    sigset_t trap, now;
    sigemptyset(&trap);
    sigaddset(&trap, SIGTRAP);
    sigprocmask(SIG_BLOCK, &trap, NULL);
    overflow(block);
    sigprocmask(SIG_BLOCK, NULL, &now);
    struct sigaction still;
    sigaction(SIGTRAP, NULL, &still);
    printf("%d traps, blocked %d, the same handler %d\n", traps, sigismember(&now, SIGTRAP), still.sa_handler == on_trap);
    int others = 0;
    for (int signal = 1; signal < 32; signal++) {
        others += signal != SIGTRAP && sigismember(&now, signal) == 1;
    }
    printf("%d others blocked\n", others);
    free(block);
    return 0;
}
