// The program leaves the pages of its buffers out of forks, as libraries for RDMA do, to the end of the last page. Its child
// uses other blocks, and ends in order.
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

enum { BUFFERS = 3, BLOCKS = 200, PAGE = 4096 };

static void *buffers[BUFFERS];
static void *blocks[BLOCKS];

static void *left_out(size_t bytes) {
    void *buffer = NULL;
    if (posix_memalign(&buffer, PAGE, bytes) != 0) exit(1);
    memset(buffer, 7, bytes);
    if (madvise(buffer, bytes, MADV_DONTFORK) != 0) perror("madvise");
    return buffer;
}

int main(void) {
    const size_t sizes[BUFFERS] = {2 * PAGE, 200000, 3000000};
    for (int i = 0; i < BLOCKS; i++) blocks[i] = malloc(100);
    for (int i = 0; i < BUFFERS; i++) buffers[i] = left_out(sizes[i]);
    for (int i = 0; i < BLOCKS; i += 2) free(blocks[i]);
    fflush(NULL);
    pid_t child = fork();
    if (child == 0) {
        for (int i = 0; i < BLOCKS; i += 2) memset(blocks[i] = malloc(100), i, 100);
        for (int i = 0; i < BLOCKS; i += 2) free(blocks[i]);
        printf("child\n");
        exit(0);
    }
    int status = -1;
    waitpid(child, &status, 0);
    for (int i = 1; i < BLOCKS; i += 2) free(blocks[i]);
    for (int i = 0; i < BUFFERS; i++) free(buffers[i]);
    printf("%d\n", status);
    return 0;
}
