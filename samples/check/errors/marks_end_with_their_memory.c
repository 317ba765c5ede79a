// CHECK: kind=use-after-poison access=write size=4000 offset=0 block=4000 detected_by=libc-call fault=fill alloc=main
// A pool marks its memory as inaccessible and gives it back, to free and to munmap. What lies there next has no such marks: it
// may be filled, and what it points to is in use. (At the end: a block whose marks hold.)
#define _GNU_SOURCE
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include "../../../preload/include/ldt.h"

enum { POOL = 4000, MAPPING = 65536, ATTEMPTS = 200000 };

static void *map(void) { return mmap(0, MAPPING, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0); }

static void fill(char *memory, size_t bytes) { memset(memory, 1, bytes); }

static void a_block_in_its_place(char *place) {
    for (int attempt = 0; attempt < ATTEMPTS; attempt++) {
        char *block = malloc(POOL);
        fill(block, POOL);
        int is_there = block == place;
        free(block);
        if (is_there) return;
    }
}

static void a_mapping_in_its_place(void *place) {
    static void **kept;
    kept = map();
    fill((char *)kept, MAPPING);
    if (kept != place) return;
    kept[1] = malloc(20);
}

int main(void) {
    char *pool = malloc(POOL);
    ldt_make_mem_noaccess(pool, POOL);
    free(pool);
    a_block_in_its_place(pool);
    char *mapping = map();
    ldt_make_mem_noaccess(mapping, MAPPING);
    munmap(mapping, MAPPING);
    a_mapping_in_its_place(mapping);
    pool = malloc(POOL);
#ifndef CLEAN
    ldt_make_mem_noaccess(pool, POOL);
#endif
    fill(pool, POOL);
    free(pool);
    return 0;
}
