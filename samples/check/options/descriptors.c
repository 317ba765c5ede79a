// Prints how many descriptors of performance events the process has before its heap grows, and after; with the argument
// "forks" before it has forked 17 times, and after.
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
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

static int fork_often(void) {
    int before = events();
    for (int child = 0; child < 17; child++) {
        if (fork() == 0) {
            free(malloc(100));
            _exit(0);
        }
        wait(NULL);
    }
    printf("%d then %d\n", before, events());
    return 0;
}

int main(int count, char **arguments) {
    if (count > 1 && strcmp(arguments[1], "forks") == 0) {
        return fork_often();
    }
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
