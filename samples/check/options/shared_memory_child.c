// A forked child that has not called the heap yet makes a process that shares its memory, on a small stack: that one's end,
// and its blocks, are no beginning of the child's.
#define _GNU_SOURCE
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static struct {
    char before[4096];
    char stack[16384];
} place;

static int ends(void *unused) {
    (void)unused;
    _exit(3);
}

static int allocates(void *unused) {
    (void)unused;
    char *volatile block = malloc(100);
    memset(block, 1, 100);
    free(block);
    _exit(3);
}

// A process that leaves by 3 when all went well. It frees a block twice, which is told of it.
static void child(int (*work)(void *)) {
    memset(place.before, 1, sizeof place.before);
    char *top = place.stack + sizeof place.stack;
    int status, made = clone(work, top, CLONE_VM | CLONE_FILES | SIGCHLD, NULL);
    if (waitpid(made, &status, 0) != made) _exit(1);
    for (size_t i = 0; i < sizeof place.before; i++)
        if (place.before[i] != 1) _exit(2);
    char *volatile freed = malloc(77);
    free(freed);
    free(freed);
    _exit(WEXITSTATUS(status));
}

int main(void) {
    char *volatile block = malloc(10);
    int (*const work[])(void *) = {ends, allocates};
    for (int i = 0; i < 2; i++) {
        pid_t made = fork();
        if (made == 0) child(work[i]);
        int status;
        waitpid(made, &status, 0);
        printf("%d\n", WEXITSTATUS(status));
        fflush(stdout);
    }
    free(block);
    return 0;
}
