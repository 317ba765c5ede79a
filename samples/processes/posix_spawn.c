// LDT: in_parent:allocations=3 in_new_image:allocations=0 children=1 children.in_new_image:allocations=6 valgrind=no
// posix_spawn's child runs on a stack of its own in its parent's memory until it execs.
#define _GNU_SOURCE
#include <spawn.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

static volatile long passed;

__attribute__((noinline)) void in_parent(void) { (void)!malloc(20); passed++; }
__attribute__((noinline)) void in_new_image(void) { (void)!malloc(60); passed++; }

int main(int count, char **arguments) {
    if (count > 1) {
        for (int i = 0; i < 6; i++) in_new_image();
        return 9;
    }
    in_parent();
    char *again[] = {arguments[0], "again", NULL};
    pid_t child;
    if (posix_spawn(&child, "/proc/self/exe", NULL, NULL, again, environ) != 0) return 2;
    in_parent();
    int status = 0;
    waitpid(child, &status, 0);
    in_parent();
    return WEXITSTATUS(status) != 9;
}
