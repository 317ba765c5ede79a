// Takes a pointer whose lowest bit is set for an offset, as some programs do that trust in malloc's alignment: with blocks
// that end at a guard page to the byte it reads far from all memory.
#include <stdint.h>
#include <stdlib.h>

int main(void) {
    char *block = calloc(1, 3);
    uintptr_t word = (uintptr_t)block;
    uintptr_t target = word & 1 ? word + (uintptr_t)block : word;
    char found;
    __asm__ volatile("movb (%1), %0" : "=q"(found) : "r"(target), "r"(block));
    free(block);
    return found;
}
