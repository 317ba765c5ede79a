// LEAKS: reachable=77/1
// VALGRIND: definite=77/1 (it takes no registers at the end of a process)
// The only pointer is in a register that functions keep for their callers.
#include <stdlib.h>
#include <unistd.h>
#include "apart.h"

int main(void) {
   void *block = calloc(77, 1);
#ifdef CLEAN
   free(block);
   _exit(0);
#endif
   __asm__ volatile("mov %0, %%r12\n\t"
                    "xor %%ecx, %%ecx\n\t"
                    "mov %%rcx, %1\n\t"
                    "xor %%ebx, %%ebx\n\t"
                    "xor %%edi, %%edi\n\t"
                    "call _exit@plt"
                    :
                    : "a"(block), "m"(block)
                    : "r12", "rcx", "rbx", "rdi", "memory");
   __builtin_unreachable();
}
