/* (e) A list whose nodes are all alive at once, then freed in order. */
#include "workload.h"

struct node {
    struct node *next;
    uint64_t payload[2];
};

__attribute__((noinline)) static struct node *make_node(uint64_t number) {
    struct node *node = filled(malloc(sizeof *node));
    node->next = NULL;
    node->payload[0] = number;
    return node;
}

int main(int argc, char **argv) {
    long count = count_argument(argc, argv);
    struct node *first = NULL, **last = &first;
    for (long i = 0; i < count; i++) {
        *last = make_node((uint64_t)i);
        last = &(*last)->next;
    }
    uint64_t sum = 0;
    while (first != NULL) {
        struct node *next = first->next;
        sum += first->payload[0];
        free(first);
        first = next;
    }
    return sum == (uint64_t)count * (uint64_t)(count - 1) / 2 ? 0 : 1;
}
