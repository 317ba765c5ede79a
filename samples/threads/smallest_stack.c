// LDT: exit=0 valgrind=no
// BUILD: -pthread
// Threads with the smallest stack load and unload a library, fork, spawn and exec; the last one ends the process. All of
// it gives LDT work to do that needs more stack than they have left.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <limits.h>
#include <pthread.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;
static char *arguments[] = {"true", 0};

static void *load(void *unused) {
    void *library = dlopen("libm.so.6", RTLD_NOW);
    if (library) dlclose(library);
    return unused;
}

static void *fork_and_allocate(void *unused) {
    pid_t child = fork();
    if (child == 0) {
        free(malloc(10));
        _exit(0);
    }
    int status = 1;
    waitpid(child, &status, 0);
    if (status) puts("the child ended otherwise");
    return unused;
}

static void *spawn(void *unused) {
    pid_t child;
    int status = 1;
    if (posix_spawn(&child, "/bin/true", 0, 0, arguments, environ) == 0) waitpid(child, &status, 0);
    if (status) puts("it was not spawned");
    return unused;
}

static void *exec(void *unused) {
    pid_t child = vfork();
    if (child == 0) {
        execv("/bin/true", arguments);
        _exit(7);
    }
    int status = 1;
    waitpid(child, &status, 0);
    if (status) puts("it was not run");
    return unused;
}

static void *end(void *unused) {
    puts("done");
    exit(0);
    return unused;
}

int main(void) {
    void *(*works[])(void *) = {load, fork_and_allocate, spawn, exec, end};
    pthread_attr_t smallest;
    pthread_attr_init(&smallest);
    pthread_attr_setstacksize(&smallest, PTHREAD_STACK_MIN);
    for (int index = 0; index < 5; index++) {
        pthread_t thread;
        if (pthread_create(&thread, &smallest, works[index], 0)) return 1;
        pthread_join(thread, 0);
    }
    return 2;
}
