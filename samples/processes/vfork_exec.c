// LDT: before_vfork:allocations=3 in_new_image:allocations=0 children=1 children.in_new_image:allocations=6 children.before_vfork:allocations=0 valgrind=no
// A vfork child shares its parent's memory until it execs: it writes nothing; the new image does.
#define _GNU_SOURCE
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

static volatile long passed;

__attribute__((noinline)) void before_vfork(void) { (void)!malloc(20); passed++; }
__attribute__((noinline)) void in_new_image(void) { (void)!malloc(60); passed++; }

int main(int count, char **arguments) {
    if (count > 1) {
        for (int i = 0; i < 6; i++) in_new_image();
        return 9;
    }
    for (int i = 0; i < 3; i++) before_vfork();
    pid_t child = vfork();
    if (child == 0) {
        execl("/proc/self/exe", arguments[0], "again", (char *)NULL);
        _exit(1);
    }
    int status = 0;
    waitpid(child, &status, 0);
    return WEXITSTATUS(status) != 9;
}
