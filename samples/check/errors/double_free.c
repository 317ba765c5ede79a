// CHECK: kind=double-free offset=0 block=32 alloc=make freed=drop fault=again called=free
// BUILD: -Wno-use-after-free
// The plain double free.
#include <stdlib.h>
#include <string.h>
#include <stdio.h>

static char *make(size_t size) { return malloc(size); }

static void drop(char *block) { free(block); }

static void again(char *block) {
#ifndef CLEAN
    free(block);
#endif
}

int main(void) {
    char *block = make(32);
    drop(block);
    again(block);
    return 0;
}
