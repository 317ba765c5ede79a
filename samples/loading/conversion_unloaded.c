// LDT: exit=0 valgrind=no
// The C library unloads a module of its own (a conversion that nobody has used for a while), past dlclose, and code made
// at run time comes to lie where it was: that is not to be unwound by the tables that are gone.
#include <iconv.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

enum { PAGE = 4096 };

/* push rbp; mov rbp, rsp; mov rax, malloc; call rax; pop rbp; ret */
static const unsigned char CODE[] = {0x55, 0x48, 0x89, 0xe5, 0x48, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xd0, 0x5d, 0xc3};

static void find_module(const char *name, uintptr_t *start, uintptr_t *end) {
    char line[512];
    FILE *maps = fopen("/proc/self/maps", "r");
    while (maps && fgets(line, sizeof line, maps)) {
        unsigned long from, to;
        if (!strstr(line, name) || sscanf(line, "%lx-%lx", &from, &to) != 2) continue;
        if (!*start) *start = from;
        *end = to;
    }
    if (maps) fclose(maps);
}

int main(void) {
    iconv_t conversion = iconv_open("UTF-16", "UTF-8");
    uintptr_t start = 0, end = 0;
    find_module("UTF-16.so", &start, &end);
    iconv_close(conversion);
    /* After a few others it is unloaded. */
    for (int other = 0; other < 6; other++) iconv_close(iconv_open("KOI8-R", "UTF-8"));
    void *(*allocate)(size_t) = malloc;
    for (int page = 0; page < 200; page++) {
        char *place = mmap(0, PAGE, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        if ((uintptr_t)place < start || (uintptr_t)place >= end) continue;
        memcpy(place, CODE, sizeof CODE);
        memcpy(place + 6, &allocate, sizeof allocate);
        free(((void *(*)(size_t))place)(100));
        break;
    }
    puts("done");
    return 0;
}
