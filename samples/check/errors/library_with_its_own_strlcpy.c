// CHECK: kind=heap-buffer-overflow access=write offset=10 size=3 block=10 alloc=main called=strlcpy detected_by=libc-call
// LIBRARY: loading/own_strlcpy.c
// A library calls the strlcpy that it brings along; the C library may have none.
#include <dlfcn.h>
#include <stdlib.h>
#include <string.h>

int main(void) {
    void *library = dlopen("libown_strlcpy.so", RTLD_NOW | RTLD_LOCAL);
    if (library == NULL) return 2;
    size_t (*copy_text)(char *, const char *, size_t) =
        (size_t (*)(char *, const char *, size_t))dlsym(library, "copy_text");
    char *to = malloc(10);
#ifdef CLEAN
    size_t limit = 10;
#else
    size_t limit = 13;
#endif
    size_t whole = copy_text(to, "a dozen characters", limit);
    int wrong = whole != 18 || memcmp(to, "a dozen c", 9) != 0;
    free(to);
    return wrong;
}
