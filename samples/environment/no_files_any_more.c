// LDT: truncated=yes exit=0 valgrind=no
// A program that allows itself no file to grow by a byte, as sshd's child of before the login: a signal kills at any
// attempt. LDT, which can write down nothing more, says so where that is no file, and nowhere else.
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>
#include <fcntl.h>

static char *volatile kept[200000];

int main(void) {
    char path[] = "/tmp/ldt-sample-XXXXXX";
    int file = mkstemp(path);
    if (file < 0 || unlink(path) != 0 || dup2(file, STDERR_FILENO) < 0) return 1;
    struct rlimit none = {0, 0};
    if (setrlimit(RLIMIT_FSIZE, &none) != 0) return 2;
    for (int i = 0; i < 200000; i++) kept[i] = malloc(i % 3000);
    for (int i = 0; i < 200000; i++) free(kept[i]);
    return 0;
}
