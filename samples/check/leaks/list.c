// LEAKS: definite=32/2 indirect=304/19
// Two lists whose heads are lost: the other elements hang off them.
#include <stdlib.h>
#include "apart.h"

struct element {
   struct element *next;
   long value;
};

APART static struct element *list(int length) {
   struct element *head = 0;
   for (int number = 0; number < length; number++) {
      struct element *element = malloc(sizeof *element);
      element->next = head;
      element->value = number;
      head = element;
   }
   return head;
}

APART static void drop(struct element *head) {
#ifdef CLEAN
   while (head) {
      struct element *next = head->next;
      free(head);
      head = next;
   }
#endif
}

int main(void) {
   drop(list(20));
   drop(list(1));
   return 0;
}
