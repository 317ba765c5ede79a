// Limits its own address space, allocates until there is no more, gives all of it back and allocates again. A child
// that it then runs has the same limit.
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
   struct rlimit limit = {LIMIT_BYTES, LIMIT_BYTES};
   if (setrlimit(RLIMIT_AS, &limit)) return 1;
   size_t count = 0;
   while (count < MOST && (blocks[count] = malloc(BLOCK_BYTES))) memset(blocks[count++], 1, BLOCK_BYTES);
   printf("%s, %s\n", count > 10000 ? "many" : "few", strerror(errno));
   for (size_t index = 0; index < count; index++) free(blocks[index]);
   void *large = malloc(5 << 20);
   puts(large ? "again" : "no more");
   free(large);
   fflush(stdout);
   return system("ulimit -v; echo child");
}
