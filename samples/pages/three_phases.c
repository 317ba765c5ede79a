// LDT: keeps_blocks:allocations=1000 keeps_blocks:bytes=1000000 leaks:leaked_bytes=70000 allocations=3700 frees=3000
// Three phases with pauses between, which keep, churn and leak; and a function with a name that is markup.
// (The pauses look at the clock: a page that selects one of the phases is told apart by time.)
#define _GNU_SOURCE
#include <stdlib.h>
#include <time.h>

static volatile long passed;
static void *kept[1000];

__attribute__((noinline)) void churns(void) __asm__("\"<script>document.title='broken'</script>&amp;\"");

__attribute__((noinline)) void keeps_blocks(void) {
    for (int block = 0; block < 1000; block++) kept[block] = malloc(1000);
    passed++;
}

void churns(void) {
    for (int round = 0; round < 2000; round++) {
        void *volatile block = malloc(50);
        free(block);
    }
    passed++;
}

__attribute__((noinline)) void leaks(void) {
    for (int round = 0; round < 700; round++) {
        void *volatile lost = malloc(100);
        (void)lost;
    }
    passed++;
}

static void pause_briefly(void) {
    struct timespec begin, now;
    clock_gettime(CLOCK_MONOTONIC, &begin);
    do clock_gettime(CLOCK_MONOTONIC, &now);
    while ((now.tv_sec - begin.tv_sec) * 1000000000L + now.tv_nsec - begin.tv_nsec < 40000000L);
}

int main(void) {
    pause_briefly();
    keeps_blocks();
    pause_briefly();
    churns();
    pause_briefly();
    leaks();
    pause_briefly();
    for (int block = 0; block < 1000; block++) free(kept[block]);
    return 0;
}
