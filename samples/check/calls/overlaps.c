// Part of tests/tests/libc_calls.rs: copies whose source and destination overlap, and (`good`) those that
// only seem to, or may.
// BUILD: -w
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <wchar.h>

static char *p;
/* The same place: the compiler drops strcpy(p, p). */
static char *volatile same;
static wchar_t *w;

static void refill(void) {
    strcpy(p, "0123456789abcdefghij");
    wcscpy(w, L"0123456789abcdefghij");
}

#define CASE(name, call) static __attribute__((noinline)) void case_##name(void) { refill(); (void)(call); __asm__ volatile(""); }
CASE(memcpy, memcpy(p + 2, p, 10))
CASE(memcpy_down, memcpy(p, p + 9, 10))
CASE(mempcpy, mempcpy(p + 1, p, 2))
CASE(wmemcpy, wmemcpy(w + 2, w, 10))
CASE(memccpy, memccpy(p + 2, p, 'j', 30))
CASE(strcpy, strcpy(p, p + 3))
CASE(stpcpy, stpcpy(p, p + 10))
CASE(strncpy, strncpy(p + 4, p, 8))
CASE(strcat, (p[10] = 0, strcat(p, p + 5)))
CASE(strcpy_itself, strcpy(same, p))
CASE(strncpy_itself, strncpy(same, p, 8))
CASE(strncat_itself, (p[10] = 0, strncat(same, p, 3)))
CASE(wcscpy, wcscpy(w, w + 3))
CASE(sprintf, sprintf(p + 1, "%s", p))
CASE(sprintf_itself, sprintf(p, "%s!", p))
CASE(snprintf, snprintf(p, 40, "<%.4s>", p + 2))

static void good(void) {
    refill();
    memmove(p + 2, p, 10);
    memcpy(p, p, 10);
    memcpy(p, p + 10, 10);
    memcpy(p + 10, p, 10);
    memcpy(p, p + 1, 0);
    wmemcpy(w, w + 10, 10);
    refill();
    memccpy(p + 12, p, '9', 30);
    p[10] = 0;
    strcpy(p + 11, p);
    strcpy(p, p + 11);
    strncpy(p + 12, p, 11);
    p[3] = 0;
    strcat(p, p + 20);
    sprintf(p + 30, "%.3s", p);
    snprintf(p, 10, "%s", p + 12);
}

int main(int count, char **arguments) {
    same = p = calloc(80, 1);
    w = calloc(80, sizeof *w);
    if (count > 1) {
        good();
    } else {
        case_memcpy();
        case_memcpy_down();
        case_mempcpy();
        case_wmemcpy();
        case_memccpy();
        case_strcpy();
        case_stpcpy();
        case_strncpy();
        case_strcat();
        case_strcpy_itself();
        case_strncpy_itself();
        case_strncat_itself();
        case_wcscpy();
        case_sprintf();
        case_sprintf_itself();
        case_snprintf();
    }
    free(p);
    free(w);
    return 0;
}
