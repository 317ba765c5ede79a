// LEAKS: definite=80/1
// VALGRIND: tables=1
// LIBRARY: check/leaks/library_globals.c
// BUILD: -rdynamic
// The library has gone, its variable with it. The stack of the allocation still names its function.
#include <dlfcn.h>
#include <stdlib.h>
#include "beside.h"

int main(void) {
   void *library = open_beside("liblibrary_globals.so");
   ((void (*)(void))dlsym(library, "keep"))();
#ifdef CLEAN
   ((void (*)(void))dlsym(library, "give_back"))();
#endif
   dlclose(library);
   return 0;
}
