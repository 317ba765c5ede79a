// Part of the launcher's tests: copies its standard input, prints its arguments and one variable.
#include <stdio.h>
#include <stdlib.h>

int main(int count, char **arguments) {
    for (int i = 1; i < count; i++) printf("argument %s\n", arguments[i]);
    const char *preload = getenv("LD_PRELOAD_BEFORE");
    printf("variable %s\n", preload ? preload : "-");
    for (int letter; (letter = getchar()) != EOF;) putchar(letter);
    return 17;
}
