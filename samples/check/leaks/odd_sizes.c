// LEAKS: definite=45/1 indirect=61/2 reachable=106/3
// Nodes that end in a text, of odd sizes each: with `--exact` they lie at odd addresses, and the pointers in them too.
#include <stdlib.h>
#include <string.h>
#include "apart.h"

struct node {
   struct node *next;
   char *name;
   char text[];
};

static struct node *volatile kept;
static struct node *volatile lost;

APART static struct node *node(const char *text) {
   struct node *made = malloc(sizeof *made + strlen(text) + 1);
   made->next = 0;
   made->name = 0;
   strcpy(made->text, text);
   return made;
}

// 45 bytes, from which 24 and 37 hang.
APART static struct node *chain(void) {
   struct node *first = node("of a text of 28 characters..");
   first->name = malloc(24);
   memset(first->name, 0, 24);
   first->next = node("one of 20 characters");
   return first;
}

APART static void keep(void) { kept = chain(); }

APART static void lose(void) {
   lost = chain();
#ifdef CLEAN
   free(lost->next);
   free(lost->name);
   free(lost);
#endif
   lost = 0;
}

int main(void) {
   keep();
   lose();
#ifdef CLEAN
   free(kept->next);
   free(kept->name);
   free(kept);
#endif
   return 0;
}
