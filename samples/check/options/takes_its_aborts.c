// Makes sure, as tests of libraries do, that each of several wrong calls aborts: a handler jumps out and the program goes on.
// It has a block that lies at an odd address where blocks end at a guard page to the byte.
#include <setjmp.h>
#include <signal.h>
#include <stdlib.h>

static sigjmp_buf on;

static void go_on(int number) {
    (void)number;
    siglongjmp(on, 1);
}

int main(void) {
    char *block = malloc(3);
    signal(SIGABRT, go_on);
    for (volatile int call = 0; call < 3; call++) {
        if (!sigsetjmp(on, 1)) abort();
    }
    free(block);
    return 0;
}
