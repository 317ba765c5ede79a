// CHECK: kind=crash fault=main
// A breakpoint that nobody handles (an assertion's, say) ends the program by SIGTRAP, also while blocks are watched.
#include <stdio.h>
#include <stdlib.h>

int main(void) {
    char *volatile block = malloc(13);
    block[0] = 1;
    puts("before");
    fflush(stdout);
    __asm__ volatile("int3");
    puts("behind");
    free(block);
    return 0;
}
