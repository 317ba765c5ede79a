// Part of asks_dlsym.c: a library that is preloaded, and finds one name by itself.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <string.h>

void *dlsym(void *handle, const char *name) {
    static void *(*beneath)(void *, const char *);
    if (!beneath) beneath = (void *(*)(void *, const char *))dlvsym(RTLD_NEXT, "dlsym", "GLIBC_2.2.5");
    return strcmp(name, "found_here_alone") == 0 ? &beneath : beneath(handle, name);
}
