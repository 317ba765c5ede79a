// Opens a library that lies beside the program.
#include <dlfcn.h>
#include <libgen.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static void *open_beside(const char *name) {
   char program[PATH_MAX], path[PATH_MAX + 64];
   ssize_t length = readlink("/proc/self/exe", program, sizeof program - 1);
   if (length < 0) abort();
   program[length] = 0;
   snprintf(path, sizeof path, "%s/%s", dirname(program), name);
   void *library = dlopen(path, RTLD_NOW);
   if (!library) {
      fprintf(stderr, "%s\n", dlerror());
      abort();
   }
   return library;
}
