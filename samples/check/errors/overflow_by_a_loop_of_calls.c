// CHECK: kind=heap-buffer-overflow access=write offset=24 size=1 block=24 alloc=make called=memset detected_by=libc-call
// A loop whose calls write a byte each, eight of them beyond the end: what they leave behind together is not told again when
// the block is freed.
#include <stdlib.h>
#include <string.h>

static char *make(size_t size) { return malloc(size); }

static void fill(char *block, int count) {
    for (volatile int i = 0; i < count; i++) memset(block + i, 1, 1);
}

int main(void) {
    char *block = make(24);
#ifdef CLEAN
    fill(block, 24);
#else
    fill(block, 32);
#endif
    free(block);
    return 0;
}
