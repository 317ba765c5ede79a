// CHECK: kind=heap-buffer-overflow access=write offset=32 block=32 fault=main guard=all,adaptive
// CHECK: kind=double-free block=32 fault=main called=free
// BUILD: -Wno-use-after-free
// The run goes on after the first error and finds the second.
#include <stdlib.h>
#include <string.h>
#include <stdio.h>

int main(void) {
    char *volatile block = malloc(32);
#ifdef CLEAN
    block[31] = 1;
    free(block);
#else
    block[32] = 1;
    free(block);
    free(block);
#endif
    return 0;
}
