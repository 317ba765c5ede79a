// LDT: in_parent:allocations=3 children=40 exit=0 valgrind=no
// vfork children that exec with an environment in which nothing is left of LDT: it is put back, and the parent, whose memory
// they share, is as large after forty of them as after four.
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static volatile long passed;

__attribute__((noinline)) void in_parent(void) { (void)!malloc(20); passed++; }

static long mapped_pages(void) {
    char text[100];
    FILE *file = fopen("/proc/self/statm", "r");
    if (file == NULL || fgets(text, sizeof text, file) == NULL) _exit(3);
    fclose(file);
    return atol(text);
}

static void run_one(char *program) {
    char *arguments[] = {program, "child", NULL};
    char *bare[] = {"ONE=1", NULL};
    pid_t child = vfork();
    if (child == 0) {
        execve(program, arguments, bare);
        _exit(4);
    }
    waitpid(child, NULL, 0);
}

int main(int count, char **arguments) {
    if (count > 1) return strcmp(arguments[1], "child") != 0;
    for (int i = 0; i < 3; i++) in_parent();
    for (int i = 0; i < 4; i++) run_one(arguments[0]);
    long before = mapped_pages();
    for (int i = 4; i < 40; i++) run_one(arguments[0]);
    return mapped_pages() - before >= 36;
}
