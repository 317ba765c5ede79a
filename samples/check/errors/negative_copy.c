// CHECK: kind=heap-buffer-overflow access=read block=40 offset=40 called=memcpy detected_by=libc-call
// CHECK: kind=heap-buffer-overflow access=write block=24 offset=24 called=memcpy detected_by=libc-call
// A copy of a length that was computed below zero leaves both of its blocks. That it would overlap itself as well, as all of
// that length do, is not told.
#include <limits.h>
#include <setjmp.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

static sigjmp_buf before;

static void on_fault(int signal) { siglongjmp(before, signal); }

int main(void) {
    char *from = calloc(40, 1), *to = calloc(24, 1);
    if (!from || !to) return 1;
    signal(SIGSEGV, on_fault);
#ifdef CLEAN
    volatile size_t length = 24;
#else
    volatile size_t length = (size_t)LONG_MIN;
#endif
    /* The C library begins such a copy at its end, which no address is. */
    if (!sigsetjmp(before, 1)) memcpy(to, from, length);
    free(to);
    free(from);
    return 0;
}
