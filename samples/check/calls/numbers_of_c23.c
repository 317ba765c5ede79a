// Part of tests/tests/libc_calls.rs: reads numbers by what C libraries since 2.38 have for C23, if it is there.
// BUILD: -w
#include <stdio.h>
#include <stdlib.h>

long __isoc23_strtol(const char *, char **, int) __attribute__((weak));
int __isoc23_sscanf(const char *, const char *, ...) __attribute__((weak));

int main(void) {
    int value = 0;
    char *text = malloc(3);
    text[0] = '4', text[1] = '2', text[2] = 0;
    long number = __isoc23_strtol ? __isoc23_strtol(text, NULL, 10) : strtol(text, NULL, 10);
    int stored = __isoc23_sscanf ? __isoc23_sscanf("7", "%d", &value) : sscanf("7", "%d", &value);
    printf("%ld %d %d\n", number, stored, value);
    free(text);
    return 0;
}
