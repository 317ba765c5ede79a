// Enters a sandbox that kills at perf_event_open and ioctl, then goes on as before. Ends by 0.
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

static char *make(size_t size) { return strdup(size % 2 ? "odd" : "even"); }

int main(int count, char **arguments) {
    (void)arguments;
    static struct sock_filter rules[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_perf_event_open, 2, 0),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_ioctl, 1, 0),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS),
    };
    struct sock_fprog filter = {sizeof rules / sizeof *rules, rules};
    free(make(1));
    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
    if (count > 1) {
        prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter, 0, 0);
    } else {
        syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &filter);
    }
    char *kept = malloc(13);
    free(make(1));
    free(make(2));
    memset(kept, 1, 13);
    free(kept);
    if (write(1, "sandboxed\n", 10) != 10) {
        return 1;
    }
    _exit(0);
}
