// LDT: in_parent:allocations=3 in_new_image:allocations=0 children=1 children.in_new_image:allocations=6 valgrind=no
// LINKED: processes/pidfd_spawn_library.c
// pidfd_spawn of glibc 2.39 gives its child whatever environment the program wants: here none.
#define _GNU_SOURCE
#include <spawn.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

int pidfd_spawn(int *, const char *, const posix_spawn_file_actions_t *, const posix_spawnattr_t *, char *const[],
                char *const[]);

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
    char *nothing[] = {NULL};
    int child;
    if (pidfd_spawn(&child, "/proc/self/exe", NULL, NULL, again, nothing) != 0) return 2;
    in_parent();
    siginfo_t end;
    if (waitid(P_PIDFD, child, &end, WEXITED) != 0) return 3;
    in_parent();
    return end.si_status != 9;
}
