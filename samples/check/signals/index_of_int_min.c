// CHECK: kind=crash access=write size=1 fault=main
// An index that ran over lies two gibibytes before its block: nothing is there without LDT, and nothing of LDT's own.
#include <limits.h>
#include <stdlib.h>

int main(void) {
    char *block = malloc(64);
    volatile int index = INT_MIN;
    block[index] = 1;
    free(block);
    return 0;
}
