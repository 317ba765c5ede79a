// LDT: allocations=4 frees=3 before_main:allocations=1 at_exit:allocations=1 after_main:allocations=1 main:allocations=1 leaked_bytes=14
// Constructors, exit handlers and destructors allocate and free too.
#include <stdlib.h>

static void *early, *middle;
static volatile long passed;

__attribute__((constructor)) void before_main(void) { early = malloc(11); passed++; }
void at_exit(void) { free(malloc(13)); passed++; }
__attribute__((destructor)) void after_main(void) { free(early); free(middle); (void)!malloc(14); passed++; }

int main(void) {
    middle = malloc(12);
    return atexit(at_exit);
}
