// CHECK: kind=allocation-size-too-big fault=ask called=malloc
// A size that was computed below zero is reported; malloc refuses it as glibc's does, with ENOMEM.
#include <errno.h>
#include <stdlib.h>

#ifdef CLEAN
#define HEADER_BYTES 8
#else
#define HEADER_BYTES 24
#endif

static void *ask(size_t bytes) { return malloc(bytes - HEADER_BYTES); }

int main(int count, char **arguments) {
    errno = 0;
    (void)arguments;
    void *volatile block = ask(19 + count);
    int failed = !block && errno == ENOMEM;
    free(block);
#ifdef CLEAN
    return failed;
#else
    return !failed;
#endif
}
