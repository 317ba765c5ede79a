// LDT: allocations=0 frees=0 bytes=0
// Anonymous mappings and growth of the break are no allocations: they are reported apart.
#define _GNU_SOURCE
#include <sys/mman.h>
#include <unistd.h>

int main(void) {
    char *pages = mmap(NULL, 1 << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (pages == MAP_FAILED) return 1;
    pages = mremap(pages, 1 << 20, 2 << 20, MREMAP_MAYMOVE);
    if (pages == MAP_FAILED) return 2;
    pages[(2 << 20) - 1] = 1;
    char *end = sbrk(4096);
    if (end == (char *)-1 || brk(end) != 0) return 3;
    return munmap(pages, 2 << 20);
}
