// Part of tests/leaks_on_demand.rs: names what it does, as a runner of tests would; every other test writes beyond a block.
#include <stdlib.h>
#include "../../../preload/include/ldt.h"

static void write_beyond(int bytes) {
   volatile char *block = malloc(bytes);
   block[bytes] = 1;
   free((void *)block);
}

int main(void) {
   ldt_mark("first");
   write_beyond(16);
   ldt_mark("second");
   free(malloc(24));
   ldt_mark("third");
   write_beyond(32);
   ldt_mark("fourth");
   return 0;
}
