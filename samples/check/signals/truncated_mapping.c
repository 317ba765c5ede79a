// CHECK: kind=crash access=read size=1 fault=main
// SIGBUS: a file got shorter under its mapping. A handler saves the program the first time.
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

static sigjmp_buf out;

static void handler(int number, siginfo_t *info, void *context) {
    (void)context;
    siglongjmp(out, number * 10 + info->si_code);
}

int main(void) {
    FILE *file = tmpfile();
    ftruncate(fileno(file), 8192);
    volatile char *mapping = mmap(NULL, 8192, PROT_READ, MAP_SHARED, fileno(file), 0);
    ftruncate(fileno(file), 4096);
    struct sigaction action = {0};
    action.sa_sigaction = handler;
    action.sa_flags = SA_SIGINFO;
    sigaction(SIGBUS, &action, NULL);
    int got = sigsetjmp(out, 1);
    if (got == 0) (void)mapping[4096];
    printf("saved from %d\n", got);
    fflush(stdout);
    signal(SIGBUS, SIG_DFL);
    (void)mapping[5000];
    return 0;
}
