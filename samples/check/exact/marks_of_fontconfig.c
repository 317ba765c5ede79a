// LIBRARY: loading/fontconfig-0.c
// Libraries that are known to keep marks in the lowest bit of pointers get blocks at even addresses, also from strdup.
#include <dlfcn.h>
#include <stddef.h>

int main(void) {
    void *library = dlopen("libfontconfig-0.so", RTLD_NOW);
    if (library == NULL) return 2;
    int (*odd_blocks)(void) = (int (*)(void))dlsym(library, "odd_blocks");
    return odd_blocks();
}
