// LDT: again:allocations=3 replaced=1 children=0 exit=0 valgrind=no
// A program that execs itself with as many descriptors as it needs, and no more: LDT's are none of them.
#include <fcntl.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

enum { FEW = 10 };

static int free_ones(void) {
    int found = 0;
    for (int descriptor = 0; descriptor < FEW; descriptor++) found += fcntl(descriptor, F_GETFD) < 0;
    return found;
}

static char *volatile made;

__attribute__((noinline)) void again(void) { made = malloc(20); }

int main(int count, char **arguments) {
    if (count == 2) {
        for (int i = 0; i < 3; i++) again();
        return free_ones() == arguments[1][0] - '0' ? 0 : 1;
    }
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return 2;
    limit.rlim_cur = FEW;
    if (setrlimit(RLIMIT_NOFILE, &limit) != 0) return 3;
    execl("/proc/self/exe", arguments[0], (char[]){'0' + free_ones(), 0}, (char *)NULL);
    return 4;
}
