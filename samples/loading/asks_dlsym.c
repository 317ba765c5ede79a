// LDT: exit=0
// Asks for a name that nobody has, unless stands_in_for_dlsym.c is preloaded.
#include <dlfcn.h>
#include <stdio.h>

int main(void) {
    void *handle = dlopen(NULL, RTLD_NOW);
    puts(dlsym(handle, "found_here_alone") ? "found" : "nobody has it");
    return 0;
}
