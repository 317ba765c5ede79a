// CHECK: kind=heap-buffer-overflow access=write offset=3 size=1 block=3 alloc=make called=ioctl detected_by=libc-call
// How many bytes wait in a pipe is an int; a guard page would have made it EFAULT.
#include <stdlib.h>
#include <sys/ioctl.h>
#include <unistd.h>

#ifdef CLEAN
enum { ROOM = 4 };
#else
enum { ROOM = 3 };
#endif

static int *make(void) { return malloc(ROOM); }

int main(void) {
    int ends[2];
    int *waiting = make();
    if (pipe(ends) != 0 || write(ends[1], "abc", 3) != 3) return 1;
    int failed = ioctl(ends[0], FIONREAD, waiting);
    free(waiting);
    return failed;
}
