// LEAKS: reachable=80/1
// VALGRIND: tables=1
// LIBRARY: check/leaks/library_globals.c
// BUILD: -rdynamic
// A variable of a library that is loaded later and stays.
#include <dlfcn.h>
#include <stdlib.h>
#include "beside.h"

int main(void) {
   void *library = open_beside("liblibrary_globals.so");
   ((void (*)(void))dlsym(library, "keep"))();
#ifdef CLEAN
   ((void (*)(void))dlsym(library, "give_back"))();
#endif
   return 0;
}
