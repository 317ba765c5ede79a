// A server that handles requests and keeps two caches: one without a bound, one that fills up and stays.
#include <stdlib.h>
#include "../leaks/apart.h"

APART static void *unbounded(void) { return malloc(100); }
APART static void *bounded(void) { return malloc(100); }
APART static void *request(void) { return malloc(1000); }

static void *volatile all[40000], *volatile ring[5000];

int main(void) {
   for (int turn = 0; turn < 40000; turn++) {
      void *volatile block = request();
      all[turn] = unbounded();
      free(ring[turn % 5000]);
      ring[turn % 5000] = bounded();
      free(block);
   }
   return 0;
}
