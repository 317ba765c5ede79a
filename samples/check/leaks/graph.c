// LEAKS: definite=64/2 indirect=96/3
// Two lost blocks share what they lead to; a diamond, and a pointer back to the top.
#include <stdlib.h>
#include "apart.h"

struct node {
   struct node *to[4];
};

APART static struct node *node(struct node *first, struct node *second) {
   struct node *made = calloc(1, sizeof *made);
   made->to[0] = first;
   made->to[1] = second;
   return made;
}

APART static void build(void) {
   struct node *bottom = node(0, 0);
   struct node *left = node(bottom, 0), *right = node(bottom, 0);
   struct node *top = node(left, right);
   struct node *other = node(right, 0);
   bottom->to[3] = top;
#ifdef CLEAN
   free(bottom);
   free(left);
   free(right);
   free(top);
   free(other);
#endif
}

int main(void) {
   build();
   return 0;
}
