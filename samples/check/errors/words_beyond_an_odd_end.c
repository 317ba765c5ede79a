// CHECK: kind=heap-buffer-overflow access=read size=1 offset=19 block=19 alloc=make fault=touch detected_by=guard guard=all,adaptive watchpoints=yes
// What reads whole words on purpose is in order (as memcheck has it), in the program and in the C library; a byte
// behind the end is not.
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static char *make(size_t size) { return malloc(size); }

/* The length of a text that begins at a multiple of 8, eight bytes at once. */
static size_t length(const char *text) {
    const uint64_t ones = 0x0101010101010101, tops = 0x8080808080808080;
    const volatile uint64_t *word = (const volatile uint64_t *)text;
    for (;; word++) {
        uint64_t zeros = (*word - ones) & ~*word & tops;
        if (zeros) {
            return (const char *)word - text + __builtin_ctzll(zeros) / 8;
        }
    }
}

static int touch(volatile char *block) {
#ifdef CLEAN
    return block[18];
#else
    return block[19];
#endif
}

int main(void) {
    char *text = make(19);
    memcpy(text, "eighteen characters", 19);
    text[18] = 0;
    size_t sum = length(text) + strlen(text) + (touch(text) == 1000);
    printf("%zu\n", sum);
    free(text);
    return 0;
}
