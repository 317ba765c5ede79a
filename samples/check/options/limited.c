// Limits its own address space, allocates until there is no more, asks in vain for some of it to grow, gives all of
// it back and allocates again. A child that it then runs has the same limit.
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#define LIMIT_BYTES (300UL << 20)
#define BLOCK_BYTES 1000
#define MOST (LIMIT_BYTES / BLOCK_BYTES)

static void *blocks[MOST];

int main(void) {
   // The kernel's to refuse, not to be looked at.
   if (!setrlimit(RLIMIT_AS, (void *)8) || errno != EFAULT) return 2;
   struct rlimit limit = {LIMIT_BYTES, LIMIT_BYTES};
   if (setrlimit(RLIMIT_AS, &limit)) return 1;
   size_t count = 0;
   while (count < MOST && (blocks[count] = malloc(BLOCK_BYTES))) memset(blocks[count++], 1, BLOCK_BYTES);
   printf("%s, %s\n", count > 10000 ? "many" : "few", strerror(errno));
   // A block that could not grow is still a block.
   for (size_t index = 0; index < count; index += 997)
      if (realloc(blocks[index], LIMIT_BYTES / 2)) return 3;
   for (size_t index = 0; index < count; index++) free(blocks[index]);
   errno = 0;
   void *large = malloc(5 << 20);
   printf("%s, %d\n", large ? "again" : "no more", errno);
   free(large);
   fflush(stdout);
   return system("ulimit -v; echo child");
}
