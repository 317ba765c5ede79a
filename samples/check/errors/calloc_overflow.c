// CHECK: kind=calloc-overflow fault=main called=calloc
// The product of the arguments is more than there is: null, and a report.
#include <stdlib.h>
#include <string.h>
#include <stdio.h>

int main(void) {
#ifdef CLEAN
    volatile size_t count = 4;
#else
    volatile size_t count = (size_t)1 << 60;
#endif
    void *block = calloc(count, 64);
    int unexpected = (block == NULL) != (count > 4);
    free(block);
    return unexpected;
}
