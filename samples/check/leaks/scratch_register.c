// LEAKS: definite=77/1
// The only pointer is in a register that functions do not keep and `_exit` has no use for.
#include <stdlib.h>
#include <unistd.h>
#include "apart.h"

int main(void) {
   void *block = calloc(77, 1);
#ifdef CLEAN
   free(block);
   _exit(0);
#endif
   __asm__ volatile("mov %0, %%rdx\n\t"
                    "xor %%eax, %%eax\n\t"
                    "mov %%rax, %1\n\t"
                    "xor %%ebx, %%ebx\n\t"
                    "xor %%edi, %%edi\n\t"
                    "call _exit@plt"
                    :
                    : "a"(block), "m"(block)
                    : "rdx", "rbx", "rdi", "memory");
   __builtin_unreachable();
}
