// Handlers set by signal and its kin: each gives the one before, one of them serves once only.
#define _GNU_SOURCE
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>

static char *page;
static volatile int calls;

static void opens(int number) {
    calls += number == SIGSEGV;
    mprotect(page, 4096, PROT_READ | PROT_WRITE);
}

static void touch(void) {
    mprotect(page, 4096, PROT_NONE);
    *(volatile char *)page = 1;
}

int main(void) {
    page = mmap(NULL, 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    void (*before)(int) = signal(SIGSEGV, opens);
    printf("before signal: %d\n", before == SIG_DFL);
    free(malloc(10));
    touch();
    touch();
    printf("calls: %d\n", calls);
    printf("before sysv_signal: %d\n", sysv_signal(SIGSEGV, opens) == opens);
    touch();
    struct sigaction told;
    sigaction(SIGSEGV, NULL, &told);
    printf("once: %d, calls: %d\n", told.sa_handler == SIG_DFL, calls);
    printf("ignored: %d\n", signal(SIGBUS, SIG_IGN) == SIG_DFL && signal(SIGBUS, SIG_DFL) == SIG_IGN);
    printf("error: %d\n", signal(1000, opens) == SIG_ERR);
    return 0;
}
