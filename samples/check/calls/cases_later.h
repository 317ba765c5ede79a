// Part of cases.c: names that C libraries have since 2.38 (C23's readers of numbers), 2.42 and 2.43. An older one lacks
// them: then LDT's own, to which these weak references are bound, does what the older names do.
#define LATER __attribute__((weak))

LATER long __isoc23_strtol_l(const char *, char **, int, locale_t);
LATER intmax_t __isoc23_strtoimax(const char *, char **, int);
LATER uintmax_t __isoc23_strtoumax(const char *, char **, int);
LATER long __isoc23_wcstol(const wchar_t *, wchar_t **, int);
LATER unsigned long long __isoc23_wcstoull(const wchar_t *, wchar_t **, int);
LATER long long __isoc23_wcstoll_l(const wchar_t *, wchar_t **, int, locale_t);
LATER uintmax_t __isoc23_wcstoumax(const wchar_t *, wchar_t **, int);
LATER int __isoc23_sscanf(const char *, const char *, ...);
LATER int __isoc23_swscanf(const wchar_t *, const wchar_t *, ...);
LATER int __isoc23_vswscanf(const wchar_t *, const wchar_t *, va_list);
LATER void *memset_explicit(void *, int, size_t);
LATER void *__memset_explicit_chk(void *, int, size_t, size_t);
LATER const char *__inet_ntop_chk(int, const void *, char *, socklen_t, size_t);
LATER int __inet_pton_chk(int, const char *, void *, size_t);

static int scan_list(const wchar_t *from, const wchar_t *format, ...) {
    va_list list;
    va_start(list, format);
    int stored = __isoc23_vswscanf(from, format, list);
    va_end(list);
    return stored;
}

READ_ONE(c23_strtol_l, strtol_l, char, DIGITS(char, __isoc23_strtol_l(p, NULL, 10, plain())))
READ_ONE(c23_strtoimax, strtoimax, char, DIGITS(char, __isoc23_strtoimax(p, NULL, 10)))
READ_ONE(c23_strtoumax, strtoumax, char, DIGITS(char, __isoc23_strtoumax(p, NULL, 10)))
READ_ONE(c23_wcstol, wcstol, wchar_t, DIGITS(wchar_t, __isoc23_wcstol(p, NULL, 10)))
READ_ONE(c23_wcstoull, wcstoull, wchar_t, DIGITS(wchar_t, __isoc23_wcstoull(p, NULL, 10)))
READ_ONE(c23_wcstoll_l, wcstoll_l, wchar_t, DIGITS(wchar_t, __isoc23_wcstoll_l(p, NULL, 10, plain())))
READ_ONE(c23_wcstoumax, wcstoumax, wchar_t, DIGITS(wchar_t, __isoc23_wcstoumax(p, NULL, 10)))
WRITE(c23_sscanf, sscanf, char, __isoc23_sscanf(text(n - 1), "%s", p))
WRITE(c23_swscanf, swscanf, wchar_t, __isoc23_swscanf(wtext(n - 1), L"%ls", p))
WRITE(c23_vswscanf, vswscanf, wchar_t, scan_list(wtext(n - 1), L"%ls", p))
WRITE(memset_explicit, memset_explicit, char, memset_explicit(p, 1, n))
WRITE(memset_explicit_chk, __memset_explicit_chk, char, __memset_explicit_chk(p, 1, n, CHK))
READ_ONE(inet_pton_chk_from, __inet_pton_chk, char, TEXT(char, __inet_pton_chk(AF_INET, p, other, CHK)))
WRITE(inet_pton_chk_to, __inet_pton_chk, char, __inet_pton_chk(AF_INET6, "::1", RECORD(16), CHK))
READ(inet_ntop_chk_from, __inet_ntop_chk, char, FILLED(char, __inet_ntop_chk(AF_INET6, RECORD(16), other, 100, CHK)))
