// CHECK: kind=heap-buffer-overflow access=read size=8 offset=40 block=40 fault=longest alloc=names
// A loop reads a pointer more than the table has, where no guard page sees it, and the string that it points to.
#include <stdlib.h>

#ifdef CLEAN
#define COUNT 5
#else
#define COUNT 6
#endif

static const char **names(void) {
    const char **names = malloc(5 * sizeof *names);
    for (int i = 0; i < 5; i++) names[i] = "name";
    return names;
}

static int longest(const char *const volatile *names) {
    int sum = 0;
    for (int i = 0; i < COUNT; i++) sum += names[i][0];
    return sum;
}

int main(void) {
    const char **table = names();
    int sum = longest(table);
    free(table);
    return sum < 0;
}
