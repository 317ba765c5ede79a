// LDT: before:allocations=100 after:allocations=50000
// The program locks itself into an empty folder (where it has the right to) and gives up its rights.
#define _GNU_SOURCE
#include <sys/stat.h>
#include <stdlib.h>
#include <unistd.h>

static volatile long passed;

__attribute__((noinline)) void before(void) { (void)!malloc(10); passed++; }
__attribute__((noinline)) void after(void) { free(malloc(20 + passed % 500)); passed++; }

int main(void) {
    for (int i = 0; i < 100; i++) before();
    char folder[] = "/tmp/ldt-sample-XXXXXX";
    if (mkdtemp(folder) == NULL || chdir(folder) != 0) return 1;
    int locked = chroot(".") == 0;
    rmdir(locked ? "/" : folder);
    if (locked && (setgid(65534) != 0 || setuid(65534) != 0)) return 2;
    for (int i = 0; i < 50000; i++) after();
    return 0;
}
