/* meter FILE COMMAND...: runs a command, waits for every process that it leaves behind, and writes what
 * they cost to FILE, one "name value" a line.
 *
 * Linked statically, so that an LD_PRELOAD meant for the command does not get into the meter, and so
 * that its own memory (part of the first figure that the kernel keeps for a child) is smaller than
 * any program's. The bench itself would be too large for that. */
#define _GNU_SOURCE
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static long long microseconds(struct timeval time) { return time.tv_sec * 1000000LL + time.tv_usec; }

static long long now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return time.tv_sec * 1000000LL + time.tv_nsec / 1000;
}

int main(int argc, char **argv) {
    if (argc < 3) {
        fprintf(stderr, "usage: meter FILE COMMAND...\n");
        return 125;
    }
    /* A tool's helper may outlive the command; it comes to us then, and is counted. */
    prctl(PR_SET_CHILD_SUBREAPER, 1);
    FILE *report = fopen(argv[1], "we");
    if (report == NULL) {
        perror(argv[1]);
        return 125;
    }
    long long start = now();
    pid_t command = vfork();
    if (command == 0) {
        execvp(argv[2], argv + 2);
        _exit(errno == ENOENT ? 127 : 126);
    }
    struct rusage own;
    int status = 0;
    if (command < 0 || wait4(command, &status, 0, &own) != command) {
        perror("meter");
        return 125;
    }
    long long wall = now() - start;
    while (wait(NULL) > 0 || errno == EINTR) {
    }
    struct rusage all;
    getrusage(RUSAGE_CHILDREN, &all);
    fprintf(report, "wall_us %lld\n", wall);
    fprintf(report, "cpu_us %lld\n", microseconds(all.ru_utime) + microseconds(all.ru_stime));
    fprintf(report, "command_peak_kib %ld\n", own.ru_maxrss);
    fprintf(report, "largest_peak_kib %ld\n", all.ru_maxrss);
    int code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    fprintf(report, "exit_code %d\n", code);
    return fclose(report) == 0 ? code : 125;
}
