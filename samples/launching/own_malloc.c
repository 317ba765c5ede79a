// Part of the launcher's tests: an allocator of its own, which comes before every library's.
#include <stddef.h>

static char memory[1 << 20] __attribute__((aligned(16)));
static size_t used;

void *malloc(size_t bytes) {
    void *block = memory + used;
    used += (bytes + 15) & ~(size_t)15;
    return block;
}

void *calloc(size_t count, size_t bytes) { return malloc(count * bytes); }
void *realloc(void *block, size_t bytes) { (void)block; return malloc(bytes); }
void free(void *block) { (void)block; }

int main(void) {
    char *volatile block = malloc(20);
    *block = 1;
    return 3;
}
