// Part of the launcher's tests: a program that nothing can be preloaded into.
// BUILD: -static
#include <stdlib.h>

int main(void) {
    free(malloc(10));
    return 0;
}
