// A filter refuses LDT's way of reading memory, and the program's handler writes a line about each refused call, from pieces:
// to look at those, LDT must not ask for what is refused once more, and so for ever. A vector on the heap and one outside.
#define _GNU_SOURCE
#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <ucontext.h>
#include <unistd.h>

static struct iovec *on_the_heap;

static void refused(int number, siginfo_t *info, void *context) {
    ucontext_t *at = context;
    (void)number;
    at->uc_mcontext.gregs[REG_RAX] = -ENOSYS;
    /* What is LDT's own call is nothing for the program's output. */
    writev(info->si_syscall == SYS_getppid ? STDOUT_FILENO : -1, on_the_heap, 2);
}

int main(void) {
    struct sock_filter filter[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_getppid, 1, 0),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_process_vm_readv, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_TRAP),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    struct sock_fprog program = {sizeof filter / sizeof *filter, filter};
    struct sigaction action;
    memset(&action, 0, sizeof action);
    action.sa_sigaction = refused;
    action.sa_flags = SA_SIGINFO | SA_NODEFER;
    if (sigaction(SIGSYS, &action, NULL) != 0) return 1;
    on_the_heap = malloc(2 * sizeof *on_the_heap);
    on_the_heap[0] = (struct iovec){"refused", 7};
    on_the_heap[1] = (struct iovec){"\n", 1};
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) return 2;
    if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) != 0) return 3;
    struct iovec here[] = {{"first", 5}, {"\n", 1}};
    if (writev(STDOUT_FILENO, here, 2) != 6) return 4;
    if (writev(STDOUT_FILENO, on_the_heap, 2) != 8) return 5;
    if (syscall(SYS_getppid) != -1 || errno != ENOSYS) return 6;
    struct iovec *volatile wild = (struct iovec *)8;
    if (writev(STDOUT_FILENO, wild, 2) != -1 || errno != EFAULT) return 7;
    free(on_the_heap);
    return 0;
}
