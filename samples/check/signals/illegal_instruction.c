// CHECK: kind=crash fault=never
// SIGILL by an instruction: what compilers put where nothing must come, and Rust's abort.
#include <stdio.h>
#include <stdlib.h>

__attribute__((noinline)) static void never(int value) {
    if (value != 7) __builtin_trap();
}

int main(void) {
    int *value = calloc(1, sizeof *value);
    puts("before");
    fflush(stdout);
    never(*value);
    free(value);
    return 0;
}
