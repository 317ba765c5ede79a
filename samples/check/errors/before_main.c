// CHECK: kind=heap-buffer-overflow access=write offset=48 block=48 alloc=early fault=early guard=all,adaptive
// The error happens in a constructor.
#include <stdlib.h>
#include <string.h>
#include <stdio.h>

__attribute__((constructor)) static void early(void) {
    char *volatile block = malloc(48);
#ifdef CLEAN
    block[47] = 1;
#else
    block[48] = 1;
#endif
    free(block);
}

int main(void) { return 0; }
