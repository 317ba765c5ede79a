// LDT: at_work:allocations=1000 at_work:leaked_blocks=1000 exit=12
// The program's own SIGSEGV handler has the last word.
#include <signal.h>
#include <unistd.h>

static void handler(int signal_number) { _exit(signal_number + 1); }

#include <stdlib.h>

static volatile long passed;

__attribute__((noinline)) void at_work(void) { (void)!malloc(10 + passed % 100); passed++; }

int main(void) {
    for (int i = 0; i < 1000; i++) at_work();
    signal(SIGSEGV, handler);
    int *volatile wild = (int *)16;
    *wild = 1;
    return 0;
}
