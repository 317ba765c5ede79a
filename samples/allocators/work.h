// Part of the programs of this folder: the same work over each allocator. It prints the sizes that the
// allocator rounds to, by which it can be told from the C library's.
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static volatile long passed;

__attribute__((noinline)) void work(size_t size) {
    void *block = malloc(size);
    /* Not by stdio's streams, which allocate. */
    char line[64];
    int length = snprintf(line, sizeof line, "%zu is %zu\n", size, malloc_usable_size(block));
    if (write(STDOUT_FILENO, line, length) != length) abort();
    block = realloc(block, size * 2);
    free(block);
    void *aligned = NULL;
    if (posix_memalign(&aligned, 256, size) != 0) abort();
    free(aligned);
    free(calloc(size, 2));
    passed++;
}

int main(void) {
    for (size_t size = 1; size <= 1000; size += 37) work(size);
    return passed == 0;
}
