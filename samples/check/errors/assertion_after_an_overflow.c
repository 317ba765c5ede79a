// CHECK: kind=heap-buffer-overflow access=write offset=20 block=20 alloc=make detected_by=redzone watchpoints=no
// A failed assertion ends the process by SIGABRT, and its blocks are looked at all the same.
#undef NDEBUG
#include <assert.h>
#include <stdlib.h>

static char *make(void) { return calloc(20, 1); }

int main(void) {
    char *volatile block = make();
#ifndef CLEAN
    block[20] = 1;
    assert(block[20] == 0);
#endif
    free(block);
    return 0;
}
