// CHECK: kind=crash access=read size=8 fault=last_link
// The commonest crash: a field of nothing.
#include <stdio.h>
#include <stdlib.h>

struct link {
    struct link *next;
    long value;
};

__attribute__((noinline)) static long last_link(struct link *volatile link) {
    while (link->value >= 0) link = link->next;
    return link->value;
}

int main(void) {
    struct link *link = calloc(1, sizeof *link);
    printf("%ld\n", last_link(link));
    return 0;
}
