// Keeps 22 MiB in small blocks, with churn: a list of records, each copied a few times before it stays. Under a limit of
// 48 MiB of memory there is room for little beside it.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LIVE_BYTES (22UL << 20)

struct record {
   struct record *next;
   char text[];
};

static struct record *made(struct record *next, unsigned number) {
   size_t bytes = 16 + number * 37 % 240;
   struct record *record = malloc(sizeof *record + bytes);
   record->next = next;
   memset(record->text, (int)number, bytes);
   return record;
}

static struct record *(*volatile make)(struct record *, unsigned) = made;

int main(void) {
   struct record *all = NULL;
   size_t live = 0;
   unsigned number = 0;
   for (; live < LIVE_BYTES; number++) {
      for (int copy = 0; copy < 3; copy++) free(make(NULL, number + copy));
      all = make(all, number);
      live += sizeof *all + 16 + number * 37 % 240;
   }
   printf("%u records\n", number);
   while (all) {
      struct record *next = all->next;
      free(all);
      all = next;
   }
   return 0;
}
