// LDT: in_parent:allocations=2 children=0 valgrind=no
// exec of what is not there fails in a vfork child, which ends with _exit: the parent's trace goes on.
#define _GNU_SOURCE
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

static volatile long passed;

__attribute__((noinline)) void in_parent(void) { (void)!malloc(20); passed++; }

int main(void) {
    in_parent();
    pid_t child = vfork();
    if (child == 0) {
        execl("/nonexistent/program", "program", (char *)NULL);
        _exit(55);
    }
    int status = 0;
    waitpid(child, &status, 0);
    in_parent();
    return WEXITSTATUS(status) != 55;
}
