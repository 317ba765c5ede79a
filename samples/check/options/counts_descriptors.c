// Opens as many descriptors as it can, and says how many those are.
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

__attribute__((noinline)) static void *at_work(void) { return malloc(20); }

int main(void) {
    void *volatile block = at_work();
    int count = 0;
    while (dup(0) >= 0) count++;
    printf("%d\n", count);
    free(block);
    return 0;
}
