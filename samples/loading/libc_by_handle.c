// LDT: work:allocations=3 work:leaked_bytes=0 valgrind=no
// Asks for the C library's functions by its handle, as ctypes and other callers of C do, and as what comes next after a
// library: they are the same functions as those that everybody calls.
// LIBRARY: loading/plugin_next.c
#include <dlfcn.h>
#include <stdlib.h>
#include <string.h>

__attribute__((noinline)) static void work(void *(*give)(size_t), void (*take)(void *), void (*take_next)(void *)) {
    take(strdup("by the handle"));
    take_next(strdup("by what comes next"));
    free(give(10));
}

int main(void) {
    void *library = dlopen("libc.so.6", RTLD_LAZY);
    void *plugin = dlopen("libplugin_next.so", RTLD_NOW | RTLD_LOCAL);
    if (library == NULL || plugin == NULL) return 2;
    void *(*give)(size_t) = (void *(*)(size_t))dlsym(library, "malloc");
    void (*take)(void *) = (void (*)(void *))dlsym(library, "free");
    void (*(*find)(void))(void *) = (void (*(*)(void))(void *))dlsym(plugin, "find_free");
    if (give == NULL || take == NULL || find == NULL || find() == NULL) return 3;
    work(give, take, find());
    return dlsym(library, "no_such_function") != NULL;
}
