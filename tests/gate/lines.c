// Repeats its input, then reads before a block, or with an argument writes after one.

#include <stdio.h>
#include <stdlib.h>

__attribute__((noinline)) static int read_before(void) {
    int *volatile block = malloc(32);
    int found = block[-1];
    free(block);
    return found;
}

__attribute__((noinline)) static void write_after(void) {
    char *volatile block = malloc(20);
    block[20] = 1;
    free(block);
}

int main(int count, char **arguments) {
    (void)arguments;
    char line[100];
    while (fgets(line, sizeof line, stdin)) printf("got %s", line);
    if (count > 1) {
        write_after();
    } else {
        read_before();
    }
    return 5;
}
