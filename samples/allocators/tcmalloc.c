// LDT: work:allocations=112 work:leaked_blocks=0 work:bytes=84084 valgrind=no
// A program linked to tcmalloc keeps it beneath LDT.
// BUILD: -Wl,--no-as-needed -ltcmalloc_minimal
#include "work.h"
