// LDT: long_lived:allocations=400 short_lived:allocations=40000 long_lived:leaked_blocks=400 exit=0
// Few blocks that live long among many that do not keep the whole heap: what glibc holds then, by its
// own count, is printed.
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>

static volatile int made;

// Counting afterwards keeps the frame: else the call of malloc is the function's last.
__attribute__((noinline)) void *short_lived(void) { void *block = malloc(300); made++; return block; }
__attribute__((noinline)) void *long_lived(void) { void *block = malloc(40); made++; return block; }

int main(void) {
    static void *blocks[40000];
    for (int i = 0; i < 40000; i++) {
        blocks[i] = short_lived();
        if (i % 100 == 99) (void)!long_lived();
    }
    for (int i = 0; i < 40000; i++) free(blocks[i]);
    struct mallinfo2 info = mallinfo2();
    printf("%zu\n", info.arena + info.hblkhd);
    return 0;
}
