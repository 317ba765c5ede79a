// LDT: allocations=6 frees=6 bytes=1112210 leaked_bytes=0 calls.realloc=5 calls.malloc=2
// realloc that shrinks in place, grows in place, moves, remaps a large block, and frees. Each success
// is one allocation of the whole new size and one free.
#include <stdlib.h>

int main(void) {
    char *block = malloc(100);
    block = realloc(block, 50);
    block = realloc(block, 2000);
    char *neighbour = malloc(60);
    block = realloc(block, 110000);
    block = realloc(block, 1000000);
    block = realloc(block, 0);
    free(neighbour);
    return block != NULL;
}
