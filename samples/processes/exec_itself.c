// LDT: after_exec:allocations=2 before_exec:allocations=0 replaced=2 replaced.before_exec:allocations=14 children=0 exit=6 valgrind=no
// A process that execs itself twice: the last image is the command's trace, the earlier ones are kept.
#include <stdlib.h>
#include <unistd.h>

static volatile long passed;

__attribute__((noinline)) void before_exec(void) { (void)!malloc(70); passed++; }
__attribute__((noinline)) void after_exec(void) { (void)!malloc(20); passed++; }

int main(int count, char **arguments) {
    if (count > 2) {
        for (int i = 0; i < 2; i++) after_exec();
        return 6;
    }
    for (int i = 0; i < 7; i++) before_exec();
    if (count == 2) execl("/proc/self/exe", arguments[0], "again", "and again", (char *)NULL);
    execl("/proc/self/exe", arguments[0], "again", (char *)NULL);
    return 1;
}
