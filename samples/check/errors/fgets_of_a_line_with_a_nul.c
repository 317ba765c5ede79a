// CHECK: kind=heap-buffer-overflow access=write offset=16 size=136 block=16 alloc=make called=fgets detected_by=libc-call
// A line does not end at its first NUL: what came behind it is looked at too.
#include <stdio.h>
#include <stdlib.h>

#ifdef CLEAN
enum { ROOM = 152 };
#else
enum { ROOM = 16 };
#endif

static char *make(void) { return malloc(ROOM); }

int main(void) {
    FILE *file = tmpfile();
    char *line = make();
    if (file == NULL || line == NULL) return 1;
    putc(0, file);
    for (int i = 1; i < 150; i++) putc('x', file);
    fputs("\nmore", file);
    rewind(file);
    char *read = fgets(line, 1000, file);
    fclose(file);
    free(line);
    return read == NULL;
}
