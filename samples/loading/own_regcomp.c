// Part of check/calls/own_regcomp.c: regcomp and regexec as libraries for other expressions bring them, with an expression
// of their own size and matches that are left alone.
struct expression { const char *pattern; long groups; };

int regcomp(struct expression *into, const char *pattern, int flags) {
    (void)flags;
    *into = (struct expression){pattern, 0};
    return 0;
}

int regexec(const struct expression *expression, const char *text, unsigned long count, void *matches, int flags) {
    (void)count;
    (void)matches;
    return expression->pattern[0] == text[0] ? flags : 1;
}
