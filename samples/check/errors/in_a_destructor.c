// CHECK: kind=double-free block=48 alloc=main freed=late fault=late called=free
// BUILD: -Wno-use-after-free
// The error happens in a destructor of the program, after its exit handlers.
#include <stdlib.h>
#include <string.h>
#include <stdio.h>

static char *volatile block;

__attribute__((destructor)) static void late(void) {
    free(block);
#ifndef CLEAN
    free(block);
#endif
}

int main(void) {
    block = malloc(48);
    return 0;
}
