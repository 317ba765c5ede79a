// LDT: work:allocations=112 work:leaked_blocks=0 work:bytes=84084 valgrind=no
// A program linked to jemalloc keeps it beneath LDT.
// BUILD: -Wl,--no-as-needed -ljemalloc
#include "work.h"
