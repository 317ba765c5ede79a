// CHECK: kind=crash access=write fault=fill
// A local array written far beyond its end: every frame above is lost, the program's arguments and environment too, and
// what the kernel has put behind them for the C library, before the stack's end stops the loop.
#include <stdio.h>
#include <stdlib.h>

__attribute__((noinline)) static void fill(volatile char *at) {
    for (;;) *at++ = ' ';
}

int main(void) {
    volatile char text[64];
    free(malloc(10));
    fill(text);
    printf("%d\n", text[0]);
    return 0;
}
