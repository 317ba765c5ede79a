// LDT: exit=0 valgrind=no
// Every allocating function with odd arguments, every result printed: null or not, errno, alignment,
// usable size, what became of the old block. The same lines must come with and without LDT.
#define _GNU_SOURCE
#include <errno.h>
#include <malloc.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Volatile, so that no compiler knows what will come of a call. */
static volatile size_t hidden;
static size_t hide(size_t value) { hidden = value; return hidden; }

/* The largest power of two, up to 4,096, that divides the address. */
static unsigned long alignment_of(void *block) {
    uintptr_t address = (uintptr_t)block;
    unsigned long alignment = 1;
    while (alignment < 4096 && address % (alignment * 2) == 0) alignment *= 2;
    return alignment;
}

static int writable(void *block, size_t size) {
    memset(block, 0x5a, size);
    return size == 0 || ((unsigned char *)block)[size - 1] == 0x5a;
}

/* What a block looks like, without its address. `wanted` is the alignment to check. */
static void show(const char *call, void *block, size_t wanted) {
    int error = errno;
    if (block == NULL) {
        dprintf(STDOUT_FILENO, "%s: null, errno %d\n", call, error);
        return;
    }
    size_t usable = malloc_usable_size(block);
    dprintf(STDOUT_FILENO, "%s: a block of %zu, errno %d, aligned %d, writable %d\n", call, usable, error,
            alignment_of(block) >= wanted, writable(block, usable));
    free(block);
}

#define SHOW(call, wanted)            \
    do {                              \
        errno = 0;                    \
        show(#call, (call), (wanted)); \
    } while (0)

static void plain_sizes(void) {
    static const size_t sizes[] = {0, 1, 7, 8, 16, 24, 25, 100, 1000, 1032, 4096, 65536, 131071, 131072, 1 << 20, 33 << 20};
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        size_t size = hide(sizes[i]);
        dprintf(STDOUT_FILENO, "size %zu\n", size);
        SHOW(malloc(size), 16);
        SHOW(calloc(1, size), 16);
        SHOW(calloc(size, 1), 16);
        SHOW(realloc(NULL, size), 16);
        SHOW(reallocarray(NULL, 1, size), 16);
        SHOW(aligned_alloc(64, size), 64);
        SHOW(memalign(64, size), 64);
        SHOW(valloc(size), 4096);
        SHOW(pvalloc(size), 4096);
    }
}

static void impossible_sizes(void) {
    size_t sizes[] = {PTRDIFF_MAX, (size_t)PTRDIFF_MAX + 1, SIZE_MAX, SIZE_MAX - 1, SIZE_MAX - 4095, SIZE_MAX - 4096, SIZE_MAX / 2, (size_t)1 << 62};
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        size_t size = hide(sizes[i]);
        dprintf(STDOUT_FILENO, "size %zu\n", size);
        SHOW(malloc(size), 16);
        SHOW(calloc(1, size), 16);
        SHOW(realloc(NULL, size), 16);
        SHOW(reallocarray(NULL, 1, size), 16);
        SHOW(aligned_alloc(64, size), 64);
        SHOW(memalign(64, size), 64);
        SHOW(valloc(size), 4096);
        SHOW(pvalloc(size), 4096);
        void *untouched = &untouched;
        errno = 0;
        int result = posix_memalign(&untouched, 64, size);
        dprintf(STDOUT_FILENO, "posix_memalign: %d, errno %d, untouched %d\n", result, errno, untouched == &untouched);
    }
}

static void products(void) {
    size_t factors[][2] = {{2, SIZE_MAX / 2 + 1}, {SIZE_MAX, 2}, {SIZE_MAX, SIZE_MAX}, {(size_t)1 << 32, (size_t)1 << 32},
                           {0, SIZE_MAX}, {SIZE_MAX, 0}, {0, 0}, {3, 7}, {1, PTRDIFF_MAX}};
    for (size_t i = 0; i < sizeof factors / sizeof *factors; i++) {
        size_t count = hide(factors[i][0]), size = hide(factors[i][1]);
        dprintf(STDOUT_FILENO, "%zu times %zu\n", count, size);
        SHOW(calloc(count, size), 16);
        SHOW(reallocarray(NULL, count, size), 16);
        char *kept = malloc(40);
        memset(kept, 'k', 40);
        errno = 0;
        char *moved = reallocarray(kept, count, size);
        dprintf(STDOUT_FILENO, "reallocarray of a block: %s, errno %d\n", moved ? "a block" : "null", errno);
        if (moved) {
            dprintf(STDOUT_FILENO, "its first byte: %c\n", count != 0 && size != 0 ? moved[0] : '-');
            free(moved);
        } else if (count != 0 && size != 0) {
            dprintf(STDOUT_FILENO, "the old block: %c%c\n", kept[0], kept[39]);
            free(kept);
        }
    }
}

static void calloc_clears(void) {
    for (size_t size = 1; size < 300000; size = size * 3 + 1) {
        unsigned char *dirty = malloc(size);
        memset(dirty, 0xff, size);
        free(dirty);
        unsigned char *clear = calloc(1, size);
        size_t first = 0;
        while (first < size && clear[first] == 0) first++;
        dprintf(STDOUT_FILENO, "calloc of %zu: first byte that is not 0 is at %zu\n", size, first);
        free(clear);
    }
}

static void alignments(void) {
    static const size_t asked[] = {0, 1, 2, 3, 4, 7, 8, 12, 16, 24, 32, 48, 100, 256, 4096, 5000, 65536, (size_t)1 << 40, (size_t)1 << 63, SIZE_MAX};
    for (size_t i = 0; i < sizeof asked / sizeof *asked; i++) {
        size_t alignment = hide(asked[i]);
        size_t checked = alignment != 0 && (alignment & (alignment - 1)) == 0 && alignment <= 4096 ? alignment : 1;
        dprintf(STDOUT_FILENO, "alignment %zu\n", alignment);
        SHOW(memalign(alignment, 10), checked);
        SHOW(aligned_alloc(alignment, 10), checked);
        SHOW(aligned_alloc(alignment, 0), checked);
        void *block = NULL;
        errno = 77;
        int result = posix_memalign(&block, alignment, 10);
        dprintf(STDOUT_FILENO, "posix_memalign: %d, errno %d, block %d, aligned %d\n", result, errno, block != NULL, alignment_of(block) >= checked);
        free(block);
    }
}

static void reallocs(void) {
    static const size_t sizes[] = {1, 24, 25, 500, 499, 100000, 200000, 150000, 3000000, 2999999, 10, 0};
    char *block = malloc(10);
    memset(block, 'r', 10);
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        size_t size = hide(sizes[i]);
        errno = 0;
        char *moved = realloc(block, size);
        dprintf(STDOUT_FILENO, "realloc to %zu: %s, errno %d", size, moved ? "a block" : "null", errno);
        if (moved) dprintf(STDOUT_FILENO, " of %zu that begins with %c", malloc_usable_size(moved), moved[0]);
        dprintf(STDOUT_FILENO, "\n");
        block = moved;
    }
    free(block);
    char *kept = malloc(33);
    memset(kept, 'k', 33);
    errno = 0;
    char *moved = realloc(kept, hide((size_t)PTRDIFF_MAX + 1));
    dprintf(STDOUT_FILENO, "realloc beyond all bounds: %s, errno %d, the old block %c%c\n", moved ? "a block" : "null", errno, kept[0], kept[32]);
    free(kept);
}

static void frees_keep_errno(void) {
    void *small = malloc(10), *large = malloc(10 << 20);
    errno = 42;
    free(NULL);
    free(small);
    free(large);
    dprintf(STDOUT_FILENO, "errno after free: %d\n", errno);
    dprintf(STDOUT_FILENO, "usable size of null: %zu\n", malloc_usable_size(NULL));
    errno = 43;
    free(malloc(100));
    free(calloc(10, 10));
    dprintf(STDOUT_FILENO, "errno after success: %d\n", errno);
}

int main(void) {
    plain_sizes();
    impossible_sizes();
    products();
    calloc_clears();
    alignments();
    reallocs();
    frees_keep_errno();
    return 0;
}
