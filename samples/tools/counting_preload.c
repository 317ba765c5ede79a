// Part of the tests: an independent count. Preloaded beneath LDT, it counts the calls that reach the
// C library's allocator, by LDT's rules, into $COUNTS_FOLDER/PID.N, a file that outlives any ending:
// allocations, frees, bytes, all 64-bit.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

/* The allocator beneath: the program's own, if it links one. */
static void *(*next_malloc)(size_t);
static void *(*next_calloc)(size_t, size_t);
static void *(*next_realloc)(void *, size_t);
static void *(*next_memalign)(size_t, size_t);
static int (*next_posix_memalign)(void **, size_t, size_t);
static void *(*next_aligned_alloc)(size_t, size_t);
static void *(*next_valloc)(size_t);
static void *(*next_pvalloc)(size_t);
static void (*next_free)(void *);

static void find_next(void) {
    next_calloc = dlsym(RTLD_NEXT, "calloc");
    next_realloc = dlsym(RTLD_NEXT, "realloc");
    next_memalign = dlsym(RTLD_NEXT, "memalign");
    next_posix_memalign = dlsym(RTLD_NEXT, "posix_memalign");
    next_aligned_alloc = dlsym(RTLD_NEXT, "aligned_alloc");
    next_valloc = dlsym(RTLD_NEXT, "valloc");
    next_pvalloc = dlsym(RTLD_NEXT, "pvalloc");
    next_free = dlsym(RTLD_NEXT, "free");
    next_malloc = dlsym(RTLD_NEXT, "malloc");
}

/* The first call comes while there is one thread. dlsym itself allocates nothing when it succeeds. */
#define NEXT(function) (next_malloc ? (void)0 : find_next(), next_##function)

struct counts { atomic_ullong allocations, frees, bytes; };
static struct counts before_any_file, *counts = &before_any_file;

static void open_file(void) {
    char path[4096];
    const char *folder = getenv("COUNTS_FOLDER");
    if (!folder) return;
    int file = -1;
    for (int image = 0; file < 0 && image < 1000; image++) {
        snprintf(path, sizeof path, "%s/%d.%d", folder, (int)getpid(), image);
        file = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
        if (file < 0 && errno != EEXIST) return;
    }
    if (ftruncate(file, sizeof *counts) != 0) abort();
    struct counts *shared = mmap(NULL, sizeof *counts, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    close(file);
    if (shared == MAP_FAILED) abort();
    *shared = before_any_file;
    counts = shared;
}

/* A forked child counts on in its own file, from nothing. */
static void in_child(void) {
    memset(&before_any_file, 0, sizeof before_any_file);
    counts = &before_any_file;
    open_file();
}

__attribute__((constructor)) static void start(void) {
    open_file();
    pthread_atfork(NULL, NULL, in_child);
}

static void *allocated(void *block, size_t size) {
    if (block) {
        atomic_fetch_add(&counts->allocations, 1);
        atomic_fetch_add(&counts->bytes, size);
    }
    return block;
}

void *malloc(size_t size) { return allocated(NEXT(malloc)(size), size); }
void *calloc(size_t count, size_t size) { return allocated(NEXT(calloc)(count, size), count * size); }
void *memalign(size_t alignment, size_t size) { return allocated(NEXT(memalign)(alignment, size), size); }
void *valloc(size_t size) { return allocated(NEXT(valloc)(size), size); }
void *pvalloc(size_t size) { return allocated(NEXT(pvalloc)(size), size); }
void *aligned_alloc(size_t alignment, size_t size) { return allocated(NEXT(aligned_alloc)(alignment, size), size); }

int posix_memalign(void **result, size_t alignment, size_t size) {
    int error = NEXT(posix_memalign)(result, alignment, size);
    if (!error) allocated(*result, size);
    return error;
}

void free(void *block) {
    if (block) atomic_fetch_add(&counts->frees, 1);
    NEXT(free)(block);
}

void *realloc(void *block, size_t size) {
    void *moved = NEXT(realloc)(block, size);
    if (block && (moved || size == 0)) atomic_fetch_add(&counts->frees, 1);
    return allocated(moved, size);
}

void *reallocarray(void *block, size_t count, size_t size) {
    size_t bytes;
    if (__builtin_mul_overflow(count, size, &bytes)) {
        errno = ENOMEM;
        return NULL;
    }
    return realloc(block, bytes);
}
