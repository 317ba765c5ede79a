// CHECK: kind=heap-buffer-overflow access=write offset=64 size=80 block=64 alloc=make called=stat detected_by=libc-call
// The block is too small for what the kernel tells of a file: a guard page would have made it EFAULT.
#include <stdlib.h>
#include <sys/stat.h>

#ifdef CLEAN
enum { ROOM = sizeof(struct stat) };
#else
enum { ROOM = 64 };
#endif

static struct stat *make(void) { return malloc(ROOM); }

int main(void) {
    struct stat *told = make();
    int failed = stat("/", told);
    free(told);
    return failed;
}
