// LDT: allocations=7 frees=7 outer:allocations=7 middle:allocations=7 inner:allocations=7 main:allocations=7
// BUILD: -fomit-frame-pointer -Wl,-z,max-page-size=0x200000
// An executable with holes between its segments: linkers made all programs so for long, and one in fifty (make,
// node, bc) still is. The loader knows such a one as several objects; its unwind tables and its build-id lie in
// another one than its code.
#include <stdlib.h>

static volatile int sum;

__attribute__((noinline)) void inner(int size) {
    char *volatile block = malloc(size);
    free(block);
    sum += size;
}

__attribute__((noinline)) void middle(int size) {
    inner(size + 1);
    sum += size;
}

__attribute__((noinline)) void outer(int size) {
    middle(size + 1);
    sum += size;
}

int main(void) {
    for (int i = 0; i < 7; i++)
        outer(i);
    return 0;
}
