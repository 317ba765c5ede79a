// Enters a sandbox that kills at madvise and fstatfs, then allocates from thousands of call stacks. Ends by 0, by 77 where no filter can be set.
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

// The two calls are two places, so that each way is a call stack of its own.
static void grow(unsigned way, int depth) {
    if (depth == 0) {
        free(malloc(way + 1));
        return;
    }
    if (way & 1) {
        grow(way >> 1, depth - 1);
    } else {
        grow(way >> 1, depth - 1);
    }
    __asm__ volatile("");
}

int main(void) {
    static struct sock_filter rules[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_madvise, 2, 0),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_fstatfs, 1, 0),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS),
    };
    struct sock_fprog filter = {sizeof rules / sizeof *rules, rules};
    free(malloc(1));
    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
    if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter, 0, 0)) return 77;
    for (unsigned way = 0; way < 1 << 15; way++) grow(way, 15);
    if (write(1, "sandboxed\n", 10) != 10) return 1;
    _exit(0);
}
