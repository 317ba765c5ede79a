/* What the C workloads share: a random sequence that is the same in every run, the sizes, and a way
 * down the stack through frames of different shapes. */
#ifndef WORKLOAD_H
#define WORKLOAD_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

/* Keeps a call from becoming a jump: something is still to be done after it. */
#define AFTER_CALL() __asm__ volatile("" ::: "memory")

/* xorshift64*: cheap enough not to show, and no libc state. */
static inline uint64_t next_random(uint64_t *state) {
    uint64_t x = *state;
    x ^= x >> 12;
    x ^= x << 25;
    x ^= x >> 27;
    *state = x;
    return x * 0x2545f4914f6cdd1dULL;
}

/* 16 to 1,024 bytes. */
static inline size_t random_size(uint64_t random) { return 16 + (random >> 20) % 1009; }

/* Touches the block as a program would, so that its page exists. */
static inline void *filled(void *block) {
    if (block == NULL) {
        perror("out of memory");
        exit(1);
    }
    *(volatile char *)block = 1;
    return block;
}

static inline long count_argument(int argc, char **argv) {
    long count = argc > 1 ? atol(argv[1]) : 0;
    if (count <= 0) {
        fprintf(stderr, "usage: %s ALLOCATIONS\n", argv[0]);
        exit(2);
    }
    return count;
}

/* Calls `body(argument)` `depth` frames further down. Four functions take turns, with frames of
 * different sizes and saved registers, so that not every unwind step is the same rule. */
typedef void body_function(void *argument);

static void down_a(int depth, body_function *body, void *argument);

#define DOWN(name, bytes, next)                                                                   \
    __attribute__((noinline)) static void name(int depth, body_function *body, void *argument) {  \
        volatile char room[bytes];                                                                \
        room[0] = (char)depth;                                                                    \
        if (depth <= 1)                                                                           \
            body(argument);                                                                       \
        else                                                                                      \
            next(depth - 1, body, argument);                                                      \
        room[bytes - 1] = room[0];                                                                \
        AFTER_CALL();                                                                             \
    }

DOWN(down_d, 200, down_a)
DOWN(down_c, 8, down_d)
DOWN(down_b, 72, down_c)
DOWN(down_a, 24, down_b)

#endif
