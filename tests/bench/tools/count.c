/* A preload that forwards every heap call and counts: the floor under any tool, and the independent
 * count of a workload's allocations. The counters of a process end in the file $BENCH_COUNT.
 *
 * Each thread counts in its own block of a fixed table, so that nothing is shared on the way. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { MAX_THREADS = 4096 };

struct counters {
    unsigned long allocations, frees;
    char padding[112];
};

static struct counters table[MAX_THREADS];
static atomic_uint threads;
static __thread struct counters *mine __attribute__((tls_model("initial-exec")));

extern void *__libc_malloc(size_t);
extern void *__libc_calloc(size_t, size_t);
extern void *__libc_realloc(void *, size_t);
extern void *__libc_memalign(size_t, size_t);
extern void __libc_free(void *);

static __attribute__((noinline, cold)) struct counters *register_thread(void) {
    unsigned place = atomic_fetch_add(&threads, 1);
    mine = &table[place < MAX_THREADS ? place : MAX_THREADS - 1];
    return mine;
}

static inline struct counters *counters(void) {
    return __builtin_expect(mine != NULL, 1) ? mine : register_thread();
}

static inline void *counted(void *block) {
    if (block != NULL)
        counters()->allocations++;
    return block;
}

void *malloc(size_t size) { return counted(__libc_malloc(size)); }

void *calloc(size_t count, size_t size) { return counted(__libc_calloc(count, size)); }

void *memalign(size_t alignment, size_t size) { return counted(__libc_memalign(alignment, size)); }

void *aligned_alloc(size_t alignment, size_t size) { return memalign(alignment, size); }

int posix_memalign(void **block, size_t alignment, size_t size) {
    if (alignment % sizeof(void *) != 0 || alignment == 0 || (alignment & (alignment - 1)) != 0)
        return EINVAL;
    int before = errno;
    void *made = memalign(alignment, size);
    errno = before;
    if (made == NULL)
        return ENOMEM;
    *block = made;
    return 0;
}

/* A successful realloc of a live block is one allocation and one free; to size 0, one free. */
void *realloc(void *old, size_t size) {
    void *block = __libc_realloc(old, size);
    if (old != NULL && (block != NULL || size == 0))
        counters()->frees++;
    return counted(block);
}

void free(void *block) {
    if (block != NULL)
        counters()->frees++;
    __libc_free(block);
}

static __attribute__((destructor)) void write_counters(void) {
    const char *path = getenv("BENCH_COUNT");
    if (path == NULL)
        return;
    unsigned long allocations = 0, frees = 0;
    for (int i = 0; i < MAX_THREADS; i++) {
        allocations += table[i].allocations;
        frees += table[i].frees;
    }
    char text[96];
    int length = snprintf(text, sizeof text, "allocations %lu\nfrees %lu\n", allocations, frees);
    int file = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (file < 0 || write(file, text, (size_t)length) != length)
        fprintf(stderr, "count: cannot write %s: %s\n", path, strerror(errno));
    if (file >= 0)
        close(file);
}
