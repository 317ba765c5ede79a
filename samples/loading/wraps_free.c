// Part of asks_dlsym.c: a library that is preloaded, and stands before the C library's free alone.
#define _GNU_SOURCE
#include <dlfcn.h>

void free(void *block) {
    static void (*beneath)(void *);
    if (!beneath) beneath = (void (*)(void *))dlsym(RTLD_NEXT, "free");
    beneath(block);
}
