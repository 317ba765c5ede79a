// Part of library_open.c and library_closed.c: a library whose variable points to a block.
#include <stdlib.h>

static char *volatile kept;

void keep(void) { kept = calloc(80, 1); }
void give_back(void) { free(kept); }
