// CHECK: kind=heap-use-after-free access=read offset=0 size=1 block=17 alloc=make fault=length called=strlen detected_by=libc-call
// A freed text whose fill has no NUL, from the first block of one of many call stacks: behind the block comes a guard page at
// once, and the C library's strlen runs into it after the report of the call. That is not told again.
#include <stdlib.h>
#include <string.h>

// A call stack for each `path` of 12 bits.
static char *make(unsigned path, int steps);
__attribute__((noipa)) static char *left(unsigned path, int steps) {
    char *block = make(path >> 1, steps - 1);
    return block;
}
__attribute__((noipa)) static char *right(unsigned path, int steps) {
    char *block = make(path >> 1, steps - 1);
    return block;
}
__attribute__((noipa)) static char *make(unsigned path, int steps) {
    if (steps == 0) {
        char *block = malloc(17);
        memset(block, 'a', 16);
        block[16] = 0;
        return block;
    }
    char *block = path & 1 ? left(path, steps) : right(path, steps);
    return block;
}

__attribute__((noipa)) static size_t length(const char *text) {
    size_t (*volatile measure)(const char *) = strlen;
    size_t bytes = measure(text);
    return bytes;
}

int main(void) {
    size_t bytes = 0;
    for (unsigned path = 0; path < 1 << 12; path++) {
        char *text = make(path, 12);
#ifdef CLEAN
        bytes += length(text);
        free(text);
#else
        free(text);
        if (path == (1 << 12) - 1) bytes += length(text);
#endif
    }
    return bytes == 1;
}
