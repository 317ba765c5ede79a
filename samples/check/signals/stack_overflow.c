// CHECK: kind=crash access=write fault=deeper
// A recursion without end, in a program that has no alternate stack.
#include <stdio.h>
#include <stdlib.h>

__attribute__((noinline)) static long deeper(long depth) {
    volatile char room[1000];
    room[depth % 1000] = 1;
    return deeper(depth + 1) + room[0];
}

int main(void) {
    free(malloc(10));
    return (int)deeper(0);
}
