// CHECK: kind=heap-buffer-overflow access=write offset=4096 size=904 block=4096 alloc=make called=fread detected_by=libc-call
// The one item that is asked for does not come, but more of it than the block has room for.
#include <stdio.h>
#include <stdlib.h>

#ifdef CLEAN
enum { ROOM = 5000 };
#else
enum { ROOM = 4096 };
#endif

static char *make(void) { return malloc(ROOM); }

int main(void) {
    FILE *file = tmpfile();
    char *block = make();
    if (file == NULL || block == NULL) return 1;
    for (int i = 0; i < 5000; i++) putc('x', file);
    rewind(file);
    size_t items = fread(block, 8192, 1, file);
    rewind(file);
    size_t small = fread(block, 7, 4096 / 7, file);
    fclose(file);
    free(block);
    return items != 0 || small != 4096 / 7;
}
