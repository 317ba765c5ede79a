// LDT: work:allocations=0 valgrind=no
// A C program loads a library whose operators new and delete are its own and have a pool, not malloc. Nothing else of the
// program has such operators, so all of the library's calls are meant for them, and those that libstdc++ makes for it.
// LIBRARY: loading/plugin_pool.cpp
#include <dlfcn.h>

int main(void) {
    void *handle = dlopen("libplugin_pool.so", RTLD_NOW | RTLD_LOCAL);
    if (handle == 0) return 1;
    int (*work)(void) = (int (*)(void))dlsym(handle, "work");
    void *(*make)(void) = (void *(*)(void))dlsym(handle, "make");
    void (*drop)(void *) = (void (*)(void *))dlsym(handle, "drop");
    if (work == 0 || make == 0 || drop == 0 || work() != 1) return 2;
    drop(make());
    return 0;
}
