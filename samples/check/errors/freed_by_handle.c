// CHECK: kind=double-free offset=0 block=6 alloc=main freed=main fault=main called=free
// A block that strdup gave is freed by the C library's function, found by the library's handle, as ctypes does.
#include <dlfcn.h>
#include <stdlib.h>
#include <string.h>

int main(void) {
    void *library = dlopen("libc.so.6", RTLD_LAZY);
    if (library == NULL) return 2;
    void (*give_back)(void *) = (void (*)(void *))dlsym(library, "free");
    char *text = strdup("hello");
    give_back(text);
#ifndef CLEAN
    give_back(text);
#endif
    return 0;
}
