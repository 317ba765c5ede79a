// CHECK: kind=crash fault=average
// SIGFPE by an instruction.
#include <stdio.h>
#include <stdlib.h>

__attribute__((noinline)) static int average(int sum, int volatile *count) { return sum / *count; }

int main(void) {
    int *count = calloc(1, sizeof *count);
    printf("%d\n", average(10, count));
    free(count);
    return 0;
}
