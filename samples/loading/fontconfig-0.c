// Part of check/exact/marks_of_fontconfig.c: a library whose name, that of a version of fontconfig, says that it takes
// even addresses for granted, of its own blocks and of those that the C library makes for it.
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int odd_blocks(void) {
    int odd = 0;
    for (int i = 0; i < 8; i++) {
        char *own = malloc(3), *copied = strdup("ab");
        odd += ((uintptr_t)own & 1) + ((uintptr_t)copied & 1);
        free(own);
        free(copied);
    }
    return odd;
}
