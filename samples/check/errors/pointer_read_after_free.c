// CHECK: kind=heap-use-after-free access=read size=8 offset=8 block=24 fault=sum alloc=make freed=drop
// A list is freed by way of its freed nodes. Where no guard page sees the read, the crash by the pointer that was read tells it.
#include <stdlib.h>

struct node {
    long value;
    struct node *next;
    long more;
};

static struct node *make(struct node *next) {
    struct node *node = malloc(sizeof *node);
    *node = (struct node){1, next, 2};
    return node;
}

static void drop(struct node *node) { free(node); }

static long sum(struct node *volatile node) {
    long sum = 0;
    while (node) {
        struct node *next = node->next;
        sum += node->value;
        drop(node);
#ifdef CLEAN
        node = next;
#else
        (void)next;
        node = node->next;
#endif
    }
    return sum;
}

int main(void) { return sum(make(make(NULL))) < 0; }
