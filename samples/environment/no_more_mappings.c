// LDT: leaked_blocks=1 allocations=101 before:allocations=100 truncated=yes exit=0 valgrind=no
// All mappings that the kernel grants a process are used up; a block that the C library would map for itself fails. The
// program goes on to its end, recorded or not: the list of its mappings, megabytes long, is not for LDT to hold.
#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>

static volatile long passed;

__attribute__((noinline)) void before(void) { free(malloc(10)); passed++; }

int main(int count, char **arguments) {
    for (int i = 0; i < 100; i++)
        before();
    int file = open(arguments[0], O_RDONLY);
    // Of two kinds, which the kernel cannot join.
    for (int i = 0; i < 200000; i++)
        if (mmap(0, 4096, PROT_READ, i % 2 ? MAP_PRIVATE : MAP_SHARED, file, 0) == MAP_FAILED)
            break;
    void *volatile large = malloc(100 << 20);
    void *volatile small = malloc(20);
    return large && !small;
}
