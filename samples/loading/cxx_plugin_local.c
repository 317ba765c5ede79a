// LDT: keep_numbers:allocations=1 keep_numbers:leaked_bytes=40 drop_numbers:allocations=1 drop_numbers:leaked_bytes=0 valgrind=no
// A C program loads a C++ library out of everybody else's sight: its libstdc++ is not in the global scope,
// where an interposed operator new would look for the real one.
// LIBRARY: loading/plugin_numbers.cpp
#define _GNU_SOURCE
#include <dlfcn.h>

int main(void) {
    void *handle = dlopen("libplugin_numbers.so", RTLD_NOW | RTLD_LOCAL);
    if (handle == 0) return 1;
    int (*make_numbers)(void) = (int (*)(void))dlsym(handle, "make_numbers");
    return make_numbers == 0 || make_numbers() != 1;
}
