// Part of the tests: whether this machine lends its processor's watchpoints, asked of the kernel as LDT asks.
// Ends by 0 when a read of a watched byte raises SIGTRAP, else by 1.
#include <linux/hw_breakpoint.h>
#include <linux/perf_event.h>
#include <signal.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

static volatile sig_atomic_t traps;
static volatile char watched[8] __attribute__((aligned(8)));

static void on_trap(int number) {
    (void)number;
    traps++;
}

int main(void) {
    signal(SIGTRAP, on_trap);
    struct perf_event_attr wanted;
    memset(&wanted, 0, sizeof wanted);
    wanted.type = PERF_TYPE_BREAKPOINT;
    wanted.size = sizeof wanted;
    wanted.sample_period = 1;
    wanted.bp_type = HW_BREAKPOINT_RW;
    wanted.bp_addr = (unsigned long)watched;
    wanted.bp_len = 8;
    wanted.exclude_kernel = 1;
    wanted.exclude_hv = 1;
    wanted.sigtrap = 1;
    wanted.remove_on_exec = 1;
    if (syscall(SYS_perf_event_open, &wanted, 0, -1, -1, 0) < 0) {
        return 1;
    }
    (void)watched[3];
    return traps == 1 ? 0 : 1;
}
