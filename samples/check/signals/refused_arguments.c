// Arguments that the calls refuse: what each gives, and its errno, as without LDT.
#define _GNU_SOURCE
#define _DEFAULT_SOURCE
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <sys/auxv.h>

#pragma GCC diagnostic ignored "-Wdeprecated-declarations"

static void tell(const char *what, int given) {
    printf("%s: %d, errno %d\n", what, given, errno);
    errno = 0;
}

int main(void) {
    static char memory[1 << 16];
    static const int signals[] = {-1, 0, 1, 32, 33, 64, 65, 165};
    for (unsigned i = 0; i < sizeof signals / sizeof *signals; i++) {
        char what[64];
        snprintf(what, sizeof what, "sighold(%d)", signals[i]);
        tell(what, sighold(signals[i]));
        snprintf(what, sizeof what, "sigrelse(%d)", signals[i]);
        tell(what, sigrelse(signals[i]));
    }
    static const int flags[] = {0, SS_ONSTACK, SS_DISABLE, SS_ONSTACK | SS_DISABLE, 4, 1 << 30};
    size_t least = getauxval(AT_MINSIGSTKSZ);
    size_t sizes[] = {0, 100, least, sizeof memory};
    for (unsigned i = 0; i < sizeof flags / sizeof *flags; i++) {
        for (unsigned j = 0; j < sizeof sizes / sizeof *sizes; j++) {
            stack_t stack = {.ss_sp = memory, .ss_flags = flags[i], .ss_size = sizes[j]};
            char what[64];
            snprintf(what, sizeof what, "sigaltstack(flags %x, size %u)", flags[i], j);
            tell(what, sigaltstack(&stack, 0));
            sigaltstack(0, &stack);
            printf("then flags %x, size %zu\n", stack.ss_flags, stack.ss_size);
        }
    }
    return 0;
}
