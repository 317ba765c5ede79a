// LEAKS: reachable=77/1
// VALGRIND: tables=1
// BUILD: -pthread
// A thread that blocks every signal, as helpers of runtimes do, waits with the only pointer in a register.
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>
#include "apart.h"

static int ready[2];

static void *run(void *hidden) {
   sigset_t all;
   sigfillset(&all);
   pthread_sigmask(SIG_SETMASK, &all, NULL);
   __asm__ volatile("mov %0, %%r12\n\t"
                    "not %%r12\n\t"
                    "lea 1f(%%rip), %%rsi\n\t"
                    "mov $1, %%edx\n\t"
                    "mov %1, %%edi\n\t"
                    "xor %%ebx, %%ebx\n\t"
                    "mov $1, %%eax\n\t"
                    "syscall\n\t"
                    "2: mov $34, %%eax\n\t"
                    "syscall\n\t"
                    "jmp 2b\n\t"
                    "1: .byte 1\n\t"
                    :
                    : "a"(hidden), "m"(ready[1])
                    : "r12", "rsi", "rdx", "rdi", "rbx", "rcx", "r11", "memory");
   return NULL;
}

APART static void *make(void) {
   void *block = calloc(77, 1);
#ifdef CLEAN
   free(block);
   block = NULL;
#endif
   return (void *)~(size_t)block;
}

int main(void) {
   pthread_t thread;
   char byte;
   if (pipe(ready)) return 1;
   pthread_create(&thread, NULL, run, make());
   return read(ready[0], &byte, 1) != 1;
}
