// CHECK: kind=heap-use-after-free access=read offset=0 block=40 alloc=make freed=main fault=ask called=malloc_usable_size detected_by=libc-call
// BUILD: -Wno-use-after-free
// Asks how large a freed block is: the allocator reads what lies before it.
#include <malloc.h>
#include <stdlib.h>

static char *make(size_t size) { return malloc(size); }

__attribute__((noinline)) static size_t ask(char *block) { return malloc_usable_size(block); }

int main(void) {
    char *block = make(40);
#ifdef CLEAN
    int answers = ask(block) >= 40;
    free(block);
#else
    free(block);
    ask(block);
    int answers = 1;
#endif
    // Nothing is asked of no block.
    return answers && ask(NULL) == 0 ? 0 : 1;
}
