// Makes a block of 1 GiB longer and shorter, of which it uses a few bytes here and there, and sees whether they are as they were.
// Another one stays to the end, and leads to a small one from its midst.
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>

static const size_t used[] = {0, 4095, 4096, 70001, 5 << 20, (5 << 20) + 8191, 700u << 20, (900u << 20) - 1};
enum { USED = sizeof used / sizeof *used };

static const char *look(const char *block) {
   for (int index = 0; index < USED; index++)
      if (block[used[index]] != 'a' + index) return "lost";
   return "kept";
}

static char **kept;

int main(void) {
   char *block = malloc(1u << 30);
   if (!block) return 77;
   for (int index = 0; index < USED; index++) block[used[index]] = 'a' + index;
   const size_t sizes[] = {(1u << 30) + 1000, 900u << 20, 1100u << 20};
   for (int turn = 0; turn < 3; turn++) {
      block = realloc(block, sizes[turn]);
      if (!block) return 77;
      puts(look(block));
   }
   free(block);
   kept = malloc(1u << 30);
   if (!kept) return 77;
   kept[100 << 20] = malloc(40);
   struct rusage usage;
   getrusage(RUSAGE_SELF, &usage);
   puts(usage.ru_maxrss < 200 << 10 ? "done" : "too much memory");
   return 0;
}
