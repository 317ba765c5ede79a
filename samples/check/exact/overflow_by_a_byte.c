// CHECK: kind=heap-buffer-overflow access=read size=1 offset=20 block=20 detected_by=guard alloc=main fault=main
// CHECK: kind=heap-buffer-overflow access=write size=2 offset=33 block=33 detected_by=guard alloc=main fault=main
// Reads and writes of the first byte after a block whose size is no multiple of 16.
#include <stdlib.h>

int main(void) {
    volatile char *small = malloc(20);
    (void)small[20];
    volatile char *odd = malloc(33);
    *(volatile short *)(odd + 33) = 1;
    free((void *)small);
    free((void *)odd);
    return 0;
}
