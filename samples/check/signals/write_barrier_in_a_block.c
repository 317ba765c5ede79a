// A program that protects a page of a block to learn of the first write to it: the fault is its own handler's.
#define _GNU_SOURCE
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

static char *page;
static volatile int faults;

static void handler(int number, siginfo_t *info, void *context) {
    (void)number;
    (void)context;
    if ((char *)info->si_addr != page + 7) abort();
    faults++;
    mprotect(page, 4096, PROT_READ | PROT_WRITE);
}

static void write_to(size_t bytes) {
    void *block;
    if (posix_memalign(&block, 4096, bytes) != 0) return;
    memset(block, 1, bytes);
    page = (char *)block + 4096;
    for (int round = 0; round < 3; round++) {
        mprotect(page, 4096, PROT_READ);
        *(volatile char *)(page + 7) += 1;
    }
    printf("%d faults, %d\n", faults, page[7]);
    free(block);
}

int main(void) {
    struct sigaction action = {.sa_sigaction = handler, .sa_flags = SA_SIGINFO};
    sigaction(SIGSEGV, &action, NULL);
    write_to(3 * 4096);
    write_to(100 * 4096);
    write_to(1000 * 4096);
    return 0;
}
