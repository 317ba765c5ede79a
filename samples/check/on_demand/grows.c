// A server that handles requests and keeps three caches: one without a bound, one that replaces its oldest
// entries, one that fills up and stays. Eight times it asks for a leak check, and goes on.
#include <stdlib.h>
#include "../../../preload/include/ldt.h"
#include "../leaks/apart.h"

APART static void *unbounded(void) { return malloc(100); }
APART static void *bounded(void) { return malloc(100); }
APART static void *filled(void) { return malloc(100); }
APART static void *request(void) { return malloc(1000); }

static void *volatile all[42000], *volatile ring[5000], *volatile table[12000];

int main(void) {
   for (int turn = 0; turn < 42000; turn++) {
      void *volatile block = request();
      all[turn] = unbounded();
      free(ring[turn % 5000]);
      ring[turn % 5000] = bounded();
      if (turn < 12000) table[turn] = filled();
      free(block);
      if (turn % 5000 == 4999) ldt_leak_check();
   }
   return 0;
}
