// Gives up where malloc's memory does not lie at an even address, as a JavaScript engine does that marks its free atoms so: with
// blocks that end at a guard page to the byte it always does.
#include <stdint.h>
#include <stdlib.h>

int main(void) {
    char *block = malloc(3);
    if ((uintptr_t)block & 1) abort();
    free(block);
    return 0;
}
