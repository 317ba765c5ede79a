// Part of check/errors/library_with_its_own_strlcpy.c: what glibc before 2.38 lacks, as many
// libraries bring it.
#include <stddef.h>
#include <string.h>

size_t strlcpy(char *to, const char *from, size_t limit) {
    size_t length = strlen(from);
    if (limit > 0) {
        size_t copied = length < limit ? length : limit - 1;
        memcpy(to, from, copied);
        to[copied] = 0;
    }
    return length;
}

size_t copy_text(char *to, const char *from, size_t limit) { return strlcpy(to, from, limit); }
