/* The loop of `shallow` and `deep`: a random one of 1,000 live blocks is freed and a block of random
 * size takes its place, the allocation a few calls further down. */
#ifndef CHURN_H
#define CHURN_H

#include "workload.h"

enum { LIVE_BLOCKS = 1000 };

struct churn {
    long count;
    uint64_t random;
    void *live[LIVE_BLOCKS];
};

__attribute__((noinline)) static void *make_block(size_t size) {
    void *block = filled(malloc(size));
    AFTER_CALL();
    return block;
}

__attribute__((noinline)) static void replace(void **slot, size_t size) {
    free(*slot);
    *slot = make_block(size);
    AFTER_CALL();
}

__attribute__((noinline)) static void churn(void *argument) {
    struct churn *state = argument;
    for (long i = 0; i < state->count; i++) {
        uint64_t random = next_random(&state->random);
        replace(&state->live[random % LIVE_BLOCKS], random_size(random));
    }
    for (int i = 0; i < LIVE_BLOCKS; i++)
        free(state->live[i]);
    AFTER_CALL();
}

#endif
