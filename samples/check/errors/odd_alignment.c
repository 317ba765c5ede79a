// CHECK: kind=invalid-alignment fault=main called=posix_memalign
// An alignment that is no power of two is reported, and refused as by glibc.
#include <stdlib.h>
#include <string.h>
#include <stdio.h>

int main(void) {
    void *block = NULL;
#ifdef CLEAN
    size_t alignment = 32;
    int expected = 0;
#else
    size_t alignment = 24;
    int expected = 22;
#endif
    int result = posix_memalign(&block, alignment, 10);
    free(block);
    return result != expected;
}
