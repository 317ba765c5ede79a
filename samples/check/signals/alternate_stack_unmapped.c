// CHECK: kind=crash access=write fault=main
// The program crashes after it has unmapped its alternate stack, but left it set.
#include <signal.h>
#include <stddef.h>
#include <sys/mman.h>

int main(void) {
    stack_t stack = {.ss_size = 1 << 16};
    stack.ss_sp = mmap(NULL, stack.ss_size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    sigaltstack(&stack, NULL);
    munmap(stack.ss_sp, stack.ss_size);
    *(volatile int *)16 = 1;
    return 0;
}
