// CHECK: kind=heap-buffer-overflow access=read size=16 offset=16 block=24 detected_by=guard alloc=main fault=sum
// Instructions that compute with a vector in memory have no twin that would do with any address: they run on
// a copy, and one that leaves its block is told all the same.
#include <stdio.h>
#include <stdlib.h>

__attribute__((noinline)) static int sum(const int *numbers) {
    int lowest;
    asm volatile("pxor %%xmm9, %%xmm9\n\tpaddd (%1), %%xmm9\n\tpaddd 16(%1), %%xmm9\n\tmovd %%xmm9, %0"
                 : "=r"(lowest)
                 : "r"(numbers)
                 : "xmm9", "memory");
    return lowest;
}

int main(void) {
    int *numbers = malloc(24);
    for (int index = 0; index < 6; index++) numbers[index] = 10 * index + 1;
    int total = 0;
    for (int round = 0; round < 2000; round++) total += sum(numbers);
    printf("%d\n", total);
    free(numbers);
    return 0;
}
