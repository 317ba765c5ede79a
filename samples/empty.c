// LDT: allocations=0 frees=0
// What the C runtime itself does: the ground that the other C samples' totals stand on.
int main(void) { return 0; }
