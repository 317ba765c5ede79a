// Blocks of many call stacks, of which one is written to where it must not be: behind its end, before its start, or
// after it was freed.

#include <stdlib.h>
#include <string.h>

__attribute__((noinline)) static char *allocate(int depth) {
    if (depth == 0) return malloc(40);
    char *volatile block = allocate(depth - 1);
    return block;
}

__attribute__((noinline)) static char *the_one(void) {
    char *volatile block = malloc(40);
    return block;
}

int main(int count, char **arguments) {
    const char *what = count > 1 ? arguments[1] : "";
    for (int round = 0; round < 20; round++) {
        char *others[10];
        for (int depth = 0; depth < 10; depth++) others[depth] = allocate(depth);
        char *volatile block = the_one();
        int is_last = round == 19;
        if (is_last && !strcmp(what, "after")) block[40] = 1;
        if (is_last && !strcmp(what, "before")) block[-1] = 1;
        free(block);
        if (is_last && !strcmp(what, "freed")) block[3] = 1;
        for (int depth = 0; depth < 10; depth++) free(others[depth]);
    }
    return 0;
}
