// LDT: before_everything:allocations=1 main:allocations=1 allocations=2 frees=2
// .preinit_array runs before any library's constructor, LDT's among them: the first call comes early.
#include <stdlib.h>

static void *early;
static volatile long passed;

__attribute__((noinline)) void before_everything(int count, char **arguments, char **environment) {
    (void)count, (void)arguments, (void)environment;
    early = malloc(21);
    passed++;
}

__attribute__((section(".preinit_array"), used)) static void (*const first)(int, char **, char **) = before_everything;

int main(void) {
    free(malloc(22));
    free(early);
    return 0;
}
