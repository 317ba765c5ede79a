// LDT: before_fork:allocations=10 in_parent:allocations=3 in_child:allocations=0 in_parent:leaked_blocks=3 children=1 children.in_child:allocations=5 children.in_child:leaked_blocks=5 children.in_parent:allocations=0 valgrind=no
// After fork both sides go on, each in its own trace.
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

static volatile long passed;
static void *inherited[10];

__attribute__((noinline)) void before_fork(int i) { inherited[i] = malloc(100); passed++; }
__attribute__((noinline)) void in_child(void) { (void)!malloc(200); passed++; }
__attribute__((noinline)) void in_parent(void) { (void)!malloc(300); passed++; }

int main(void) {
    for (int i = 0; i < 10; i++) before_fork(i);
    pid_t child = fork();
    if (child == 0) {
        for (int i = 0; i < 10; i++) free(inherited[i]);
        for (int i = 0; i < 5; i++) in_child();
        return 7;
    }
    for (int i = 0; i < 3; i++) in_parent();
    int status = 0;
    waitpid(child, &status, 0);
    return WEXITSTATUS(status) != 7;
}
