// LDT: work:allocations=112 work:leaked_blocks=0 work:bytes=84084 valgrind=no
// A program linked to mimalloc keeps it beneath LDT.
// BUILD: -Wl,--no-as-needed -lmimalloc
#include "work.h"
