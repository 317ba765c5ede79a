// LDT: allocations=1 frees=0 bytes=5000 leaked_bytes=5000 calls.pvalloc=1 valgrind=no
// pvalloc rounds up to whole pages, but 5,000 bytes is what was asked for. (valgrind stops at it.)
#include <malloc.h>

int main(void) { return pvalloc(5000) == 0; }
