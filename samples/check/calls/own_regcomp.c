// Part of tests/tests/libc_calls.rs: calls of functions that a library brings under names of the C library's, which read and
// write less. The expression is smaller than the C library's, the text has no terminator, and no match is written.
#include <stdlib.h>

int regcomp(void *, const char *, int);
int regexec(const void *, const char *, unsigned long, void *, int);

int main(void) {
    void *expression = malloc(16);
    char *text = malloc(1);
    void *matches = malloc(8);
    text[0] = 'a';
    if (regcomp(expression, "abc", 0) != 0) return 1;
    int found = regexec(expression, text, 1000, matches, 0);
    free(expression);
    free(text);
    free(matches);
    return found;
}
