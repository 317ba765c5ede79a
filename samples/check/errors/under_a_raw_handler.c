// CHECK: kind=heap-buffer-overflow access=write offset=32 block=32 alloc=main fault=overflow guard=all,adaptive
// CHECK: kind=heap-buffer-overflow access=write offset=32 block=32 alloc=main detected_by=redzone guard=off
// The program's handler for SIGSEGV was set by a system call of its own; a guard's fault is not the program's.
#define _GNU_SOURCE
#include <signal.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

struct kernel_action {
    void (*handler)(int);
    unsigned long flags;
    void (*restorer)(void);
    unsigned long mask;
};

void restorer(void);
__asm__(".globl restorer\nrestorer: mov $15, %eax\nsyscall\n");

static void handler(int number) { _exit(number); }

static void overflow(char *volatile block) {
#ifdef CLEAN
    block[31] = 1;
#else
    block[32] = 1;
#endif
}

int main(void) {
    struct kernel_action action = {handler, 0x04000000, restorer, 0};
    syscall(SYS_rt_sigaction, SIGSEGV, &action, NULL, 8);
    char *block = malloc(32);
    overflow(block);
    free(block);
    return 0;
}
