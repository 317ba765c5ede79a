// LEAKS: reachable=90/1
// BUILD: -Wno-deprecated-declarations
// A coroutine that waits has the only pointer on a stack that the program mapped.
#include <stdlib.h>
#include <sys/mman.h>
#include <ucontext.h>
#include <unistd.h>
#include "apart.h"

static ucontext_t outside, inside;

static void work(void) {
   char *volatile block = calloc(90, 1);
#ifdef CLEAN
   free(block);
#endif
   swapcontext(&inside, &outside);
   *block = 1;
}

int main(void) {
   size_t size = 256 << 10;
   void *stack = mmap(0, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
   getcontext(&inside);
   inside.uc_stack.ss_sp = stack;
   inside.uc_stack.ss_size = size;
   makecontext(&inside, work, 0);
   swapcontext(&outside, &inside);
   return 0;
}
