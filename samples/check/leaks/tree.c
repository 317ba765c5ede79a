// LEAKS: definite=24/1 indirect=3048/127
// A binary tree whose root is lost.
#include <stdlib.h>
#include "apart.h"

struct node {
   struct node *left, *right;
   long value;
};

APART static struct node *tree(int depth) {
   struct node *node = malloc(sizeof *node + (depth == 0 ? 0 : 0));
   node->left = depth > 0 ? tree(depth - 1) : 0;
   node->right = depth > 0 ? tree(depth - 1) : 0;
   node->value = depth;
   return node;
}

#ifdef CLEAN
static void cut(struct node *node) {
   if (node) {
      cut(node->left);
      cut(node->right);
      free(node);
   }
}
#else
APART static void cut(struct node *node) {}
#endif

APART static void grow(void) {
   struct node *root = malloc(sizeof *root);
   root->left = tree(6);
   root->right = 0;
   root->value = 0;
   cut(root);
}

int main(void) {
   grow();
   return 0;
}
