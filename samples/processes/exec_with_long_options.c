// LDT: replaced=1 exit=5 valgrind=no
// Execs itself with an environment that has LDT_OPTIONS, longer than any other, and no LD_PRELOAD: LDT goes on in the
// new image.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int main(int count, char **arguments) {
    if (count > 1) return 5;
    const char *given = getenv("LDT_OPTIONS");
    static char options[20000];
    int length = snprintf(options, 10000, "LDT_OPTIONS=%s:trace_children_skip=", given ? given : "mode=profile");
    memset(options + length, 'x', 9000);
    char *environment[] = {options, 0}, *again[] = {arguments[0], "again", 0};
    execve("/proc/self/exe", again, environment);
    return 1;
}
