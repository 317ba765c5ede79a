// LDT: alpha_allocate:allocations=40 alpha_allocate:leaked_bytes=400 beta_allocate:allocations=40 beta_allocate:leaked_bytes=800
// Two libraries, loaded and closed in turn, so that each takes the other's addresses: a stack belongs
// to the library that was there then.
// LIBRARY: loading/plugin_alpha.c
// LIBRARY: loading/plugin_beta.c
#include <dlfcn.h>
#include <stdlib.h>

static int allocate_from(const char *library, const char *function) {
    void *handle = dlopen(library, RTLD_NOW | RTLD_LOCAL);
    if (handle == NULL) return 0;
    void *(*allocate)(void) = (void *(*)(void))dlsym(handle, function);
    int served = allocate != NULL && allocate() != NULL;
    dlclose(handle);
    return served;
}

int main(void) {
    for (int round = 0; round < 40; round++) {
        if (!allocate_from("libplugin_alpha.so", "alpha_allocate")) return 1;
        if (!allocate_from("libplugin_beta.so", "beta_allocate")) return 2;
    }
    return 0;
}
