// Prints how many descriptors of performance events the process has before its heap grows, and after.
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int events(void) {
    int count = 0;
    for (int descriptor = 0; descriptor < 2048; descriptor++) {
        char link[64], target[64] = "";
        snprintf(link, sizeof link, "/proc/self/fd/%d", descriptor);
        ssize_t length = readlink(link, target, sizeof target - 1);
        count += length > 0 && strstr(target, "[perf_event]") != NULL;
    }
    return count;
}

int main(void) {
    int before = events();
    enum { BLOCKS = 16 << 10 };
    static char *kept[BLOCKS];
    for (int index = 0; index < BLOCKS; index++) {
        kept[index] = calloc(1, 1000);
    }
    printf("%d then %d\n", before, events());
    for (int index = 0; index < BLOCKS; index++) {
        free(kept[index]);
    }
    return 0;
}
