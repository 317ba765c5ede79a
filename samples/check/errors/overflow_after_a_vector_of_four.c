// CHECK: kind=heap-buffer-overflow access=write offset=96 size=1 block=96 alloc=make fault=first detected_by=guard guard=all,adaptive
// CHECK: kind=heap-buffer-overflow access=write offset=97 size=1 block=96 alloc=make fault=second detected_by=guard guard=all,adaptive
// CHECK: kind=heap-buffer-overflow access=write offset=96 size=1 block=96 alloc=make fault=third detected_by=guard guard=all,adaptive
// CHECK: kind=heap-buffer-overflow access=write offset=97 size=1 block=96 alloc=make fault=fourth detected_by=guard guard=all,adaptive
// CHECK: kind=heap-buffer-overflow access=write offset=96 block=96 alloc=make detected_by=redzone guard=off
// Of a call with four targets all are closed behind it.
#include <stdio.h>
#include <stdlib.h>
#include <sys/uio.h>
#include <unistd.h>

static char *volatile blocks[4];

static char *make(void) { return malloc(96); }
static void first(void) { blocks[0][96] = 1; }
static void second(void) { blocks[1][97] = 1; }
static void third(void) { blocks[2][96] = 1; }
static void fourth(void) { blocks[3][97] = 1; }

int main(void) {
    int ends[2];
    struct iovec pieces[4];
    // Four call stacks, so that each block is guarded.
    blocks[0] = make();
    blocks[1] = make();
    blocks[2] = make();
    blocks[3] = make();
    for (int i = 0; i < 4; i++) pieces[i] = (struct iovec){blocks[i], 100};
    if (pipe(ends) != 0 || write(ends[1], "0123456789", 10) != 10) return 1;
    if (readv(ends[0], pieces, 4) != 10) return 2;
#ifndef CLEAN
    first();
    second();
    third();
    fourth();
#endif
    for (int i = 0; i < 4; i++) free(blocks[i]);
    return 0;
}
