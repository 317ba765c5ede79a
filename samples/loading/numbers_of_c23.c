// Part of check/calls/numbers_of_c23.c: a library that brings C23's readers of numbers itself, for older C libraries.
#include <stdarg.h>

static int read_digits(const char *text) {
    int number = 0;
    for (; *text >= '0' && *text <= '9'; text++) number = number * 10 + (*text - '0');
    return 1000 + number;
}

long __isoc23_strtol(const char *text, char **end, int base) {
    (void)end;
    (void)base;
    return read_digits(text);
}

int __isoc23_sscanf(const char *text, const char *format, ...) {
    (void)format;
    va_list list;
    va_start(list, format);
    *va_arg(list, int *) = read_digits(text);
    va_end(list);
    return 1;
}
