// CHECK: kind=bad-free offset=16 block=64 alloc=make fault=ask called=malloc_usable_size detected_by=libc-call
// Asks for the size of a block by a pointer into it: the allocator takes what lies before for its own notes.
#include <malloc.h>
#include <stdlib.h>

static char *make(size_t size) { return malloc(size); }

__attribute__((noinline)) static size_t ask(char *block) { return malloc_usable_size(block); }

int main(void) {
    char *block = make(64);
#ifdef CLEAN
    int answers = ask(block) >= 64;
#else
    ask(block + 16);
    int answers = 1;
#endif
    free(block);
    return answers ? 0 : 1;
}
