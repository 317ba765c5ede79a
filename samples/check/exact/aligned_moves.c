// Compilers move vectors with instructions that insist on multiples of 16. Blocks that end at the guard page
// to the byte lie elsewhere: each kind of move, in a loop and from two threads, does its work all the same.
// BUILD: -pthread
#include <emmintrin.h>
#include <immintrin.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

__attribute__((noinline)) static void floats(float *to, const float *from) {
    _mm_store_ps(to, _mm_load_ps(from));
}

__attribute__((noinline)) static void doubles(double *to, const double *from) {
    _mm_store_pd(to, _mm_load_pd(from));
}

__attribute__((noinline)) static void integers(void *to, const void *from) {
    _mm_store_si128(to, _mm_load_si128(from));
}

__attribute__((noinline)) static void past_the_cache(void *to, const void *from) {
    _mm_stream_si128(to, _mm_load_si128(from));
    _mm_sfence();
}

__attribute__((noinline, target("avx"))) static void with_avx(void *to, const void *from) {
    _mm_store_ps(to, _mm_load_ps(from));
    _mm_store_si128(to, _mm_load_si128(from));
}

static int copies_well(void (*copy)(void *, const void *)) {
    char *from = malloc(24), *to = malloc(24);
    strcpy(from, "twenty-three characters");
    memset(to, 0, 24);
    copy(to, from);
    int same = memcmp(to, from, 16) == 0 && to[16] == 0;
    free(from);
    free(to);
    return same;
}

static void *work(void *argument) {
    long wrong = 0;
    for (int round = 0; round < 200; round++) {
        wrong += !copies_well((void (*)(void *, const void *))floats);
        wrong += !copies_well((void (*)(void *, const void *))doubles);
        wrong += !copies_well(integers);
        wrong += !copies_well(past_the_cache);
        if (argument) wrong += !copies_well(with_avx);
    }
    return (void *)wrong;
}

int main(void) {
    void *has_avx = __builtin_cpu_supports("avx") ? "yes" : NULL;
    pthread_t other;
    void *wrong;
    pthread_create(&other, NULL, work, has_avx);
    printf("%ld wrong\n", (long)work(has_avx));
    pthread_join(other, &wrong);
    printf("%ld wrong\n", (long)wrong);
    return 0;
}
