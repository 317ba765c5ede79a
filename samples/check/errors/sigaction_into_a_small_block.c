// CHECK: kind=heap-buffer-overflow access=write size=112 offset=40 block=40 fault=ask called=sigaction detected_by=libc-call count=1
// What the handler was goes into a block of 40 bytes, as the kernel's own `struct sigaction` would: glibc's has 152. libldt.so serves
// sigaction itself; the report is one, and names the function that the program called.
#include <signal.h>
#include <stdlib.h>

#ifdef CLEAN
#define BYTES sizeof(struct sigaction)
#else
#define BYTES 40
#endif

static __attribute__((noinline)) int ask(struct sigaction *before) { return sigaction(SIGUSR1, NULL, before); }

int main(void) {
    struct sigaction *before = malloc(BYTES);
    int failed = ask(before);
    free(before);
    return failed;
}
