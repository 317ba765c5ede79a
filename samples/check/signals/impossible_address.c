// CHECK: kind=crash access=read size=8 fault=main
// An address that cannot exist: the processor tells none, the instruction does.
#include <stdlib.h>

int main(void) {
    free(malloc(10));
    long *volatile pointer = (long *)0x6b6b6b6b6b6b6b6b;
    return (int)*pointer;
}
