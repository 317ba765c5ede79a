// CHECK: kind=heap-buffer-overflow access=write offset=16 size=6 block=16 alloc=main fault=main detected_by=libc-call
// A call that writes beyond a block after the C library has allocated one itself, in the slot beside it: the guard page between
// the two, which was opened for the call, stays open until the call is over.
// BUILD: -D_GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>

int main(void) {
    FILE *line = tmpfile();
    if (line == NULL) return 1;
#ifdef CLEAN
    fputs("name four-and-more", line);
#else
    fputs("name four-and-twenty-birds", line);
#endif
    rewind(line);
    char *name, *value = malloc(16);
    int stored = fscanf(line, "%ms %s", &name, value);
    fclose(line);
    free(name);
    free(value);
    return stored != 2;
}
