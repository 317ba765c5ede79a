// Gives up all further descriptors: nothing in /proc can be read at the end.
#include <stdlib.h>
#include <sys/resource.h>

int main(void) {
    struct rlimit none = {0, 0};
    char *volatile block = malloc(10);
    free(block);
    return setrlimit(RLIMIT_NOFILE, &none);
}
