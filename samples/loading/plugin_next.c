// Part of loading/libc_by_handle.c: a library that frees past what stands before the C library, as it thinks.
#define _GNU_SOURCE
#include <dlfcn.h>

void (*find_free(void))(void *) { return (void (*)(void *))dlsym(RTLD_NEXT, "free"); }
