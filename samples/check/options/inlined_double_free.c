// A double free two inlined functions deep: each has a number of its own in a stack.
#include <stdlib.h>

static inline __attribute__((always_inline)) void drop(char *block) {
    free(block);
}

static inline __attribute__((always_inline)) void drop_twice(char *block) {
    drop(block);
    drop(block);
}

int main(void) {
    char *volatile block = malloc(10);
    drop_twice(block);
    return 0;
}
