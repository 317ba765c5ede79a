// Part of loading/reload.c: the second of two libraries that take turns at one address.
#include <stdlib.h>

void *beta_padding(void *block) { return block; }

void *beta_allocate(void) {
    char *block = malloc(20);
    block[19] = 'b';
    return beta_padding(block);
}
