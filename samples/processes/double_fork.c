// LDT: children=2 children.in_grandchild:allocations=4 children.in_child:allocations=2 valgrind=no
// A child forks again and ends first, as daemons are made by hand.
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

static volatile long passed;

__attribute__((noinline)) void in_child(void) { (void)!malloc(20); passed++; }
__attribute__((noinline)) void in_grandchild(void) { (void)!malloc(40); passed++; }

int main(void) {
    pid_t child = fork();
    if (child == 0) {
        for (int i = 0; i < 2; i++) in_child();
        if (fork() == 0) {
            for (int i = 0; i < 4; i++) in_grandchild();
            exit(0);
        }
        _exit(0);
    }
    return waitpid(child, NULL, 0) != child;
}
