// BUILD: -pthread
// A runtime as Go's: it asks the kernel itself which alternate stack a thread has, takes that for its own, and sets one
// only where there is none. A fault on a small stack that it has made is handled on the alternate one.
#define _GNU_SOURCE
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <ucontext.h>
#include <unistd.h>

static volatile char *volatile nowhere = (char *)8;
static __thread stack_t alternate;
static __thread sigjmp_buf out;
static __thread int seen, on_it;
static __thread ucontext_t runtime, task;

static void handler(int number, siginfo_t *info, void *context) {
    (void)number, (void)info, (void)context;
    volatile char *here = malloc(100), local;
    free((void *)here);
    seen++;
    on_it += &local >= (char *)alternate.ss_sp && &local < (char *)alternate.ss_sp + alternate.ss_size;
    siglongjmp(out, 1);
}

static void faults(void) {
    for (volatile int round = 0; round < 100; round++) {
        if (sigsetjmp(out, 1) == 0) *nowhere = 1;
    }
}

static void *begin(void *name) {
    volatile char *block = malloc(10);
    free((void *)block);
    syscall(SYS_sigaltstack, NULL, &alternate);
    if (alternate.ss_flags & SS_DISABLE) {
        alternate = (stack_t){.ss_sp = mmap(NULL, 64 << 10, PROT_READ | PROT_WRITE,
                                            MAP_PRIVATE | MAP_ANONYMOUS, -1, 0), .ss_size = 64 << 10};
        syscall(SYS_sigaltstack, &alternate, NULL);
    }
    char *small = mmap(NULL, 64 << 10, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    mprotect(small, 16 << 10, PROT_NONE);
    mprotect(small + (48 << 10), 16 << 10, PROT_NONE);
    getcontext(&task);
    task.uc_stack = (stack_t){.ss_sp = small + (16 << 10), .ss_size = 32 << 10};
    task.uc_link = &runtime;
    makecontext(&task, faults, 0);
    swapcontext(&runtime, &task);
    printf("%s: %d faults, %d on the alternate stack\n", (char *)name, seen, on_it);
    return NULL;
}

int main(void) {
    struct sigaction action = {0};
    action.sa_sigaction = handler;
    action.sa_flags = SA_SIGINFO | SA_ONSTACK;
    sigaction(SIGSEGV, &action, NULL);
    begin("main");
    pthread_t thread;
    pthread_create(&thread, NULL, begin, "thread");
    pthread_join(thread, NULL);
    return 0;
}
