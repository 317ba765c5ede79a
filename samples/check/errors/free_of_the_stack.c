// CHECK: kind=bad-free fault=main called=free
// BUILD: -Wno-free-nonheap-object
// A pointer to a local is freed.
#include <stdlib.h>
#include <string.h>
#include <stdio.h>

int main(void) {
    char local[16];
    char *volatile pointer = local;
#ifdef CLEAN
    pointer = NULL;
#endif
    free(pointer);
    return 0;
}
