// A crowd of threads allocates, resizes, fills, verifies and frees the same blocks, by every function and of every size, while
// a timer's signal writes into one and the process forks: each child verifies what it has, and goes on by itself.
// Says "intact", or aborts with what was wrong. Arguments: a seed, and steps of each thread.
#define _GNU_SOURCE
#include <malloc.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

enum { PLACES = 2048, THREADS = 4, FORKS = 4, SIGNALLED_BYTES = 64 };

// Every byte of a short block, and some of a long one, is its place's first byte and 31 for each byte before.
static struct place {
    pthread_mutex_t lock;
    unsigned char *block;
    size_t bytes;
    unsigned char first;
} places[PLACES];

static unsigned char *signalled;
static int steps;

static void require(int holds, const char *what) {
    if (holds) return;
    fprintf(stderr, "wrong: %s\n", what);
    abort();
}

static unsigned next(unsigned *seed) {
    *seed ^= *seed << 13;
    *seed ^= *seed >> 17;
    *seed ^= *seed << 5;
    return *seed;
}

static size_t any_size(unsigned *seed) {
    unsigned of_thousand = next(seed) % 1000;
    if (of_thousand < 700) return next(seed) % 200;
    if (of_thousand < 950) return next(seed) % 5000;
    if (of_thousand < 995) return next(seed) % 80000;
    return next(seed) % 2000000;
}

static size_t stride(size_t bytes) { return bytes > 4096 ? 97 : 1; }

static unsigned char expected(const struct place *place, size_t at) { return place->first + at * 31; }

static void fill(struct place *place) {
    for (size_t at = 0; at < place->bytes; at += stride(place->bytes)) place->block[at] = expected(place, at);
    if (place->bytes > 0) place->block[place->bytes - 1] = expected(place, place->bytes - 1);
}

static void verify(const struct place *place, size_t bytes) {
    for (size_t at = 0; at < bytes; at += stride(place->bytes))
        require(place->block[at] == expected(place, at), "the content of a block");
}

static void *aligned(size_t alignment, size_t bytes) {
    void *block = 0;
    if (posix_memalign(&block, alignment, bytes) != 0) return 0;
    require((uintptr_t)block % alignment == 0, "an alignment");
    return block;
}

static void *zeroed(size_t bytes) {
    unsigned char *block = calloc(1, bytes + 1);
    for (size_t at = 0; block && at < bytes; at += stride(bytes)) require(block[at] == 0, "what calloc gives");
    return block;
}

static void *allocate(unsigned *seed, size_t bytes) {
    switch (next(seed) % 8) {
    case 0: return zeroed(bytes);
    case 1: return aligned(8u << next(seed) % 10, bytes);
    case 2: return memalign(16u << next(seed) % 9, bytes);
    case 3: return reallocarray(0, 1, bytes);
    default: return malloc(bytes);
    }
}

__attribute__((noinline)) static void *allocate_from(unsigned *seed, size_t bytes, unsigned frames) {
    volatile char frame[32];
    frame[0] = 1;
    void *block = frames > 0 ? allocate_from(seed, bytes, frames - 1) : allocate(seed, bytes);
    frame[1] = frame[0];
    return block;
}

static void resize(struct place *place, unsigned *seed) {
    size_t bytes = any_size(seed) + 1;
    unsigned char *block = realloc(place->block, bytes);
    require(block != 0, "realloc gave nothing");
    place->block = block;
    verify(place, bytes < place->bytes ? bytes : place->bytes);
    place->bytes = bytes;
    fill(place);
}

// Whoever cannot have the place goes on: in a child it may be a thread's that is not there.
static void step(unsigned *seed) {
    struct place *place = &places[next(seed) % PLACES];
    if (pthread_mutex_trylock(&place->lock) != 0) return;
    if (!place->block) {
        place->bytes = any_size(seed);
        place->first = next(seed);
        place->block = allocate_from(seed, place->bytes, next(seed) % 30);
        require(place->block != 0, "no memory");
        fill(place);
    } else {
        verify(place, place->bytes);
        require(malloc_usable_size(place->block) >= place->bytes, "a usable size");
        if (next(seed) % 4 == 0) {
            resize(place, seed);
        } else {
            free(place->block);
            place->block = 0;
        }
    }
    pthread_mutex_unlock(&place->lock);
}

static void *work(void *seed_of_thread) {
    unsigned seed = (uintptr_t)seed_of_thread;
    for (int done = 0; done < steps; done++) step(&seed);
    return 0;
}

static void on_signal(int signal) {
    char bytes[SIGNALLED_BYTES];
    memset(bytes, signal, sizeof bytes);
    memcpy(signalled, bytes, sizeof bytes);
}

static void signal_each(int microseconds) {
    struct itimerval every = {{0, microseconds}, {0, microseconds}};
    setitimer(ITIMER_REAL, &every, 0);
}

static void fork_and_wait(unsigned seed) {
    pid_t child = fork();
    if (child == 0) {
        for (int i = 0; i < PLACES; i++) {
            if (pthread_mutex_trylock(&places[i].lock) != 0) continue;
            if (places[i].block) verify(&places[i], places[i].bytes);
            pthread_mutex_unlock(&places[i].lock);
        }
        for (int done = 0; done < 1000; done++) step(&seed);
        exit(0);
    }
    int status = 1;
    require(waitpid(child, &status, 0) == child && status == 0, "a child's end");
}

int main(int count, char **arguments) {
    unsigned seed = count > 1 ? atoi(arguments[1]) : 1;
    steps = count > 2 ? atoi(arguments[2]) : 5000;
    for (int i = 0; i < PLACES; i++) pthread_mutex_init(&places[i].lock, 0);
    signalled = malloc(SIGNALLED_BYTES);
    struct sigaction action = {.sa_handler = on_signal, .sa_flags = SA_RESTART};
    sigaction(SIGALRM, &action, 0);
    signal_each(1000);
    pthread_t threads[THREADS];
    for (int i = 0; i < THREADS; i++) {
        uintptr_t seed_of_thread = seed * 7919 + i * 17 + 3;
        pthread_create(&threads[i], 0, work, (void *)seed_of_thread);
    }
    for (int i = 0; i < FORKS; i++) fork_and_wait(seed * 31 + i + 1);
    for (int i = 0; i < THREADS; i++) pthread_join(threads[i], 0);
    signal_each(0);
    for (int i = 0; i < PLACES; i++) {
        if (places[i].block) verify(&places[i], places[i].bytes);
        free(places[i].block);
    }
    free(signalled);
    puts("intact");
    return 0;
}
