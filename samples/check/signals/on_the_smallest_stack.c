// BUILD: -pthread
// Threads with the smallest stack: what they do gives LDT work that needs more than they have left, the leak check at the
// end of the process above all.
#include "../../threads/smallest_stack.c"
