// LDT: at_work:allocations=5 children=1 children.in_new_image:allocations=6 valgrind=no
// A program that starts another with an environment of its own making: it is followed all the same.
#define _GNU_SOURCE
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

static volatile long passed;

__attribute__((noinline)) void at_work(void) { (void)!malloc(20); passed++; }
__attribute__((noinline)) void in_new_image(void) { (void)!malloc(60); passed++; }

int main(int count, char **arguments) {
    if (count > 1) {
        for (int i = 0; i < 6; i++) in_new_image();
        return 9;
    }
    for (int i = 0; i < 5; i++) at_work();
    char *again[] = {arguments[0], "again", NULL}, *environment[] = {"PATH=/usr/bin:/bin", NULL};
    pid_t child = vfork();
    if (child == 0) {
        execve("/proc/self/exe", again, environment);
        _exit(1);
    }
    int status = 0;
    waitpid(child, &status, 0);
    return WEXITSTATUS(status) != 9;
}
