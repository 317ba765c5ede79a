// Part of loading/reload.c: the first of two libraries that take turns at one address.
#include <stdlib.h>

void *alpha_allocate(void) {
    char *block = malloc(10);
    block[9] = 'a';
    return block;
}
