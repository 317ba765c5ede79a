// CHECK: kind=crash fault=calls_nothing
// A call through a null pointer: there is no frame at the address, but there is a caller.
#include <stdlib.h>

static void (*volatile nothing)(void);

__attribute__((noinline)) static void calls_nothing(void) {
    nothing();
    free(malloc(1));
}

int main(void) {
    free(malloc(10));
    calls_nothing();
    return 0;
}
