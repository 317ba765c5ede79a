// LDT: keep_numbers:allocations=1 keep_numbers:leaked_bytes=40 drop_numbers:allocations=1 drop_numbers:leaked_bytes=0 valgrind=no
// The same with RTLD_DEEPBIND, by which the library would find the C library's malloc before LDT's.
// LIBRARY: loading/plugin_numbers.cpp
#define _GNU_SOURCE
#include <dlfcn.h>

int main(void) {
    void *handle = dlopen("libplugin_numbers.so", RTLD_NOW | RTLD_DEEPBIND);
    if (handle == 0) return 1;
    int (*make_numbers)(void) = (int (*)(void))dlsym(handle, "make_numbers");
    return make_numbers == 0 || make_numbers() != 1;
}
