// Part of the programs of this folder: prints the largest resident set so far, in KiB, as the kernel
// tells it, without an allocation.
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

static void print_peak_of_memory(void) {
    char status[4096] = {0};
    int file = open("/proc/self/status", O_RDONLY);
    if (file < 0 || read(file, status, sizeof status - 1) <= 0) return;
    close(file);
    char *number = strstr(status, "VmHWM:");
    if (number == NULL) return;
    number += 6 + strspn(number + 6, " \t");
    (void)!write(STDOUT_FILENO, number, strspn(number, "0123456789"));
}
