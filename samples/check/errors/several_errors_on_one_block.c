// CHECK: kind=heap-buffer-overflow access=read size=1 offset=32 block=32 fault=first detected_by=guard guard=all,adaptive
// CHECK: kind=heap-buffer-overflow access=write size=1 offset=33 block=32 fault=second detected_by=guard guard=all,adaptive
// CHECK: kind=heap-buffer-overflow access=read size=1 offset=33 block=32 fault=third detected_by=guard guard=all,adaptive
// CHECK: kind=heap-buffer-overflow access=read size=4 offset=40 block=32 fault=in_a_loop detected_by=guard count=10 guard=all,adaptive
// CHECK: kind=heap-use-after-free access=read size=1 offset=3 block=32 fault=fourth detected_by=guard guard=all,adaptive
// CHECK: kind=heap-use-after-free access=write size=1 offset=4 block=32 fault=fifth detected_by=guard guard=all,adaptive
// CHECK: kind=heap-buffer-overflow access=write offset=33 detected_by=redzone guard=off
// CHECK: kind=heap-use-after-free access=write offset=4 detected_by=quarantine guard=off
// BUILD: -Wno-use-after-free
// A guard stands again after the access that it stopped: each further error on the block is found at its own
// place, and what was written beyond the block is still there.
#include <stdlib.h>

static char *volatile block;
static volatile int sum;

static void first(void) { sum += block[32]; }
static void second(void) { block[33] = 7; }
static int third(void) { return block[33]; }

static void in_a_loop(void) {
    for (int i = 0; i < 10; i++) {
        sum += *(volatile int *)(block + 40);
    }
}

static void fourth(void) { sum += block[3]; }
static void fifth(void) { block[4] = 1; }

int main(void) {
    block = malloc(32);
#ifdef CLEAN
    block[31] = 7;
    free(block);
#else
    first();
    second();
    if (third() != 7) {
        abort();
    }
    in_a_loop();
    free(block);
    fourth();
    fifth();
#endif
    return 0;
}
