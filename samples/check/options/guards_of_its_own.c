// The program makes a page of its blocks a guard (madvise, Linux 6.13), as for the stacks of coroutines, and takes every second
// one away again. Then it frees them; glibc unmaps such large ones. Its code is 77 where the kernel has no guards.
#define _GNU_SOURCE
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

enum { ROUNDS = 100, PAGE = 4096, GUARD_INSTALL = 102, GUARD_REMOVE = 103 };

int main(void) {
    mallopt(M_MMAP_THRESHOLD, 4 * PAGE);
    for (int round = 0; round < ROUNDS; round++) {
        size_t bytes = (size_t)(8 + round % 30) * PAGE;
        void *block = NULL;
        if (posix_memalign(&block, PAGE, bytes) != 0) return 1;
        memset(block, round, bytes);
        if (madvise(block, PAGE, GUARD_INSTALL) != 0) return 77;
        if (round % 2 && madvise(block, PAGE, GUARD_REMOVE) != 0) return 2;
        free(block);
    }
    printf("end\n");
    return 0;
}
