// CHECK: kind=crash access=write size=4 fault=main
// A fault while SIGSEGV is blocked kills, whatever handler there is.
#include <signal.h>
#include <stdio.h>
#include <unistd.h>

static void handler(int number) {
    (void)number;
    write(1, "the handler ran\n", 16);
    _exit(3);
}

int main(void) {
    signal(SIGSEGV, handler);
    sigset_t only;
    sigemptyset(&only);
    sigaddset(&only, SIGSEGV);
    sigprocmask(SIG_BLOCK, &only, NULL);
    *(volatile int *)16 = 1;
    return 0;
}
