// CHECK: kind=bad-free fault=main called=free
// BUILD: -Wno-free-nonheap-object
// A pointer to nothing at all is freed.
#include <stdlib.h>
#include <string.h>
#include <stdio.h>

int main(void) {
    char *volatile pointer = (char *)0x123456789ab0;
#ifdef CLEAN
    pointer = NULL;
#endif
    free(pointer);
    return 0;
}
