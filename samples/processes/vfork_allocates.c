// LDT: in_vfork_child:allocations=5 in_vfork_child:leaked_blocks=0 in_parent:allocations=6 in_parent:leaked_blocks=0 children=1 children.in_new_image:allocations=6 valgrind=no
// A vfork child that allocates before it execs: its heap is the suspended parent's, so its blocks stand in the
// parent's trace, and it writes none of its own.
#define _GNU_SOURCE
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

static volatile long passed;

__attribute__((noinline)) void in_parent(void) { free(malloc(20)); passed++; }
__attribute__((noinline)) void in_vfork_child(void) { free(malloc(30)); passed++; }
__attribute__((noinline)) void in_new_image(void) { (void)!malloc(60); passed++; }

int main(int count, char **arguments) {
    if (count > 1) {
        for (int i = 0; i < 6; i++) in_new_image();
        return 9;
    }
    for (int i = 0; i < 3; i++) in_parent();
    pid_t child = vfork();
    if (child == 0) {
        for (int i = 0; i < 5; i++) in_vfork_child();
        execl("/proc/self/exe", arguments[0], "again", (char *)NULL);
        _exit(1);
    }
    int status = 0;
    waitpid(child, &status, 0);
    for (int i = 0; i < 3; i++) in_parent();
    return WEXITSTATUS(status) != 9;
}
