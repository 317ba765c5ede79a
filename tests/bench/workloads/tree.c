/* (c) A binary tree of calls, 13 levels below 45 frames: each of its 8,192 leaves is a call stack of
 * its own, and from one allocation to the next the top frames have changed. With 1,009 sizes that
 * makes eight million different (size, stack) pairs. */
#include "workload.h"

enum { LEVELS = 13, LIVE_BLOCKS = 1000, BASE_FRAMES = 45 };

static long left_to_do;
static uint64_t random_state = 0x9e3779b97f4a7c15ULL;
static void *live[LIVE_BLOCKS];

static void left(int level);
static void right(int level);

__attribute__((noinline)) static void leaf(void) {
    uint64_t random = next_random(&random_state);
    void **slot = &live[random % LIVE_BLOCKS];
    free(*slot);
    *slot = filled(malloc(random_size(random)));
    left_to_do--;
    AFTER_CALL();
}

#define BRANCH(name, bytes)                                                                       \
    __attribute__((noinline)) static void name(int level) {                                       \
        volatile char room[bytes];                                                                \
        room[0] = (char)level;                                                                    \
        if (level == LEVELS) {                                                                    \
            if (left_to_do > 0)                                                                   \
                leaf();                                                                           \
        } else {                                                                                  \
            left(level + 1);                                                                      \
            right(level + 1);                                                                     \
        }                                                                                         \
        room[bytes - 1] = room[0];                                                                \
        AFTER_CALL();                                                                             \
    }

BRANCH(left, 24)
BRANCH(right, 56)

__attribute__((noinline)) static void grow(void *argument) {
    (void)argument;
    while (left_to_do > 0) {
        left(1);
        right(1);
    }
    AFTER_CALL();
}

int main(int argc, char **argv) {
    left_to_do = count_argument(argc, argv);
    down_a(BASE_FRAMES, grow, NULL);
    for (int i = 0; i < LIVE_BLOCKS; i++)
        free(live[i]);
    return 0;
}
