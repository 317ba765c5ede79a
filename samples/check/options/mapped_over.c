// Pages of its own blocks that a program maps over, unmaps, moves or protects before it frees them, and pages
// of freed ones that it takes for its own: they hold what it has put there. (glibc unmaps the large ones when they
// are freed; small ones it would use again.)
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define PAGE 4096
#define MUST(condition)                                                \
    do {                                                               \
        if (!(condition)) {                                            \
            printf("%s: line %d: %s\n", doing, __LINE__, #condition); \
            exit(3);                                                   \
        }                                                              \
    } while (0)

static const char *doing;
static size_t size;
static char *block, *middle;

static char *aligned(size_t bytes) {
    void *made;
    MUST(posix_memalign(&made, PAGE, bytes) == 0);
    memset(made, 7, bytes);
    return made;
}

// A file of one page, and whether it is still as it was.
static int new_file(void) {
    char page[PAGE];
    memset(page, 'f', PAGE);
    int file = memfd_create("page", 0);
    MUST(write(file, page, PAGE) == PAGE);
    return file;
}

static void is_intact(int file) {
    char page[PAGE];
    MUST(pread(file, page, PAGE, 0) == PAGE);
    for (int i = 0; i < PAGE; i++) MUST(page[i] == 'f');
    close(file);
}

static void map(char *at, size_t bytes) {
    int flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED;
    MUST(mmap(at, bytes, PROT_READ | PROT_WRITE, flags, -1, 0) == at);
}

static void map_file(int file, int protection) {
    MUST(mmap(middle, PAGE, protection, MAP_SHARED | MAP_FIXED, file, 0) == middle);
    MUST(middle[5] == 'f');
}

// Enough to drive what was freed out of the quarantine (--freelist-vol=1M), and to use its memory again.
static void churn(void) {
    for (int i = 0; i < 100; i++) {
        char *one = malloc(size), *other = aligned(size);
        memset(one, 1, size);
        free(one);
        free(other);
    }
}

static void own_page(const char *at, size_t bytes) {
    for (size_t i = 0; i < bytes; i++) MUST(at[i] == 5);
}

static void mapped_after_free(void) {
    char *at = block;
    free(block);
    map(at, size);
    memset(at, 5, size);
    churn();
    own_page(at, size);
    memcpy(at + 1, "hello", 6);
    MUST(strlen(at + 1) == 5);
    // What only this memory leads to is no leak.
    *(void **)at = malloc(100);
    block = NULL;
}

static void a_page_mapped_after_free(void) {
    free(block);
    map(middle, PAGE);
    memset(middle, 5, PAGE);
    churn();
    own_page(middle, PAGE);
    MUST(munmap(middle, PAGE) == 0);
    churn();
}

static void moved_onto_after_free(void) {
    char *from = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    memset(from, 5, PAGE);
    free(block);
    MUST(mremap(from, PAGE, PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, middle) == middle);
    churn();
    own_page(middle, PAGE);
}

static void unmapped_after_free(void) {
    free(block);
    MUST(munmap(middle, PAGE) == 0);
    churn();
}

static void constant_file_page(void) {
    int file = new_file();
    map_file(file, PROT_READ);
    free(block);
    churn();
    is_intact(file);
}

static void shared_file_page(void) {
    int file = new_file();
    map_file(file, PROT_READ | PROT_WRITE);
    free(block);
    churn();
    is_intact(file);
}

static void shared_file_page_of_a_resized_block(void) {
    int file = new_file();
    map_file(file, PROT_READ | PROT_WRITE);
    block = realloc(block, size + 100);
    MUST(block[size / 2 / PAGE * PAGE] == 'f' && block[size - 1] == 7);
    churn();
    is_intact(file);
    free(block);
}

static void file_page_put_back(void) {
    int file = new_file();
    map_file(file, PROT_READ | PROT_WRITE);
    map(middle, PAGE);
    middle[8] = 1;
    free(block);
    churn();
    is_intact(file);
}

static void protected_page(void) {
    MUST(mprotect(middle, PAGE, PROT_NONE) == 0);
    free(block);
    churn();
}

static void page_protected_and_opened(void) {
    MUST(mprotect(middle, PAGE, PROT_NONE) == 0);
    MUST(mprotect(middle, PAGE, PROT_READ | PROT_WRITE) == 0);
    MUST(middle[3] == 7);
    middle[3] = 1;
    free(block);
    churn();
}

static void page_protected_without_a_key(void) {
    MUST(pkey_mprotect(middle, PAGE, PROT_NONE, -1) == 0);
    free(block);
    churn();
}

static void page_with_a_key(void) {
    int key = pkey_alloc(0, PKEY_DISABLE_ACCESS);
    if (key < 0) return free(block);
    MUST(pkey_mprotect(middle, PAGE, PROT_READ | PROT_WRITE, key) == 0);
    free(block);
    churn();
    pkey_free(key);
}

static void unmapped_page(void) {
    MUST(munmap(middle, PAGE) == 0);
    free(block);
    churn();
}

static void page_moved_away(void) {
    char *moved = mremap(middle, PAGE, 4 * PAGE, MREMAP_MAYMOVE);
    MUST(moved != MAP_FAILED && moved[5] == 7);
    moved[3 * PAGE] = 1;
    free(block);
    churn();
    MUST(moved[5] == 7 && moved[3 * PAGE] == 1);
    munmap(moved, 4 * PAGE);
}

static void whole_block_protected_at_the_end(void) {
    static void *kept[3];
    static int count;
    kept[count++] = block;
    MUST(mprotect(block, size, PROT_NONE) == 0);
}

static const struct {
    const char *name;
    void (*work)(void);
} WORK[] = {
#define ONE(name) {#name, name}
    ONE(page_protected_without_a_key), ONE(page_with_a_key),
    ONE(mapped_after_free), ONE(a_page_mapped_after_free), ONE(moved_onto_after_free), ONE(unmapped_after_free),
    ONE(constant_file_page), ONE(shared_file_page), ONE(shared_file_page_of_a_resized_block),
    ONE(file_page_put_back), ONE(protected_page), ONE(page_protected_and_opened), ONE(unmapped_page),
    ONE(page_moved_away), ONE(whole_block_protected_at_the_end),
};

int main(void) {
    for (size = 32768; size <= 2 << 20; size *= 8) {
        for (size_t i = 0; i < sizeof WORK / sizeof *WORK; i++) {
            doing = WORK[i].name;
            block = aligned(size);
            middle = block + size / 2;
            WORK[i].work();
        }
        printf("%zu\n", size);
    }
    return 0;
}
