// CHECK: kind=bad-free fault=main called=free
// BUILD: -Wno-free-nonheap-object
// A pointer to a global is freed.
#include <stdlib.h>
#include <string.h>
#include <stdio.h>

static char global[64];

int main(void) {
    char *volatile pointer = global;
#ifdef CLEAN
    pointer = NULL;
#endif
    free(pointer);
    return 0;
}
