// CHECK: kind=crash
// CHECK: kind=crash
// CHECK: kind=crash
// CHECK: kind=crash
// Every signal that ends a process which has set nothing for it still does, by that signal, and the program is told
// and gets the default, whatever else it sets meanwhile. SIGILL, SIGTRAP, SIGFPE and SIGSYS are told as crashes.
#define _GNU_SOURCE
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static const int ends[] = {SIGHUP,  SIGINT,  SIGQUIT, SIGILL,  SIGTRAP,   SIGABRT, SIGFPE, SIGUSR1, SIGUSR2, SIGPIPE,
                           SIGALRM, SIGTERM, SIGXCPU, SIGXFSZ, SIGVTALRM, SIGPROF, SIGIO,  SIGPWR,  SIGSYS};
#define COUNT (sizeof ends / sizeof *ends)

static volatile int handled;

static void handler(int number) { handled = number; }

static const char *name(void (*action)(int)) {
    return action == SIG_DFL ? "default" : action == SIG_IGN ? "ignored" : action == handler ? "handled" : "another's";
}

static const char *now(int number) {
    struct sigaction action;
    memset(&action, 0x55, sizeof action);
    sigaction(number, NULL, &action);
    return name(action.sa_handler);
}

static const char *raw(int number) {
    struct { void (*handler)(int); unsigned long flags; void *restorer; unsigned long mask; } action;
    syscall(SYS_rt_sigaction, number, NULL, &action, 8);
    return name(action.handler);
}

static void changes(int number) {
    struct sigaction handles = {.sa_handler = handler}, before;
    printf("%d: %s %s", number, now(number), raw(number));
    sigaction(number, &handles, &before);
    printf(", %s, %s", name(before.sa_handler), now(number));
    handled = 0;
    raise(number);
    printf(" %d", handled == number);
    printf(", %s", name(signal(number, SIG_DFL)));
    printf(", %s", name(signal(number, SIG_IGN)));
    raise(number);
    printf(", %s", name(signal(number, SIG_DFL)));
    siginterrupt(number, 1);
    printf(", %s", now(number));
    printf(", %s", name(sigset(number, SIG_DFL)));
    sigset_t only, pending;
    sigemptyset(&only);
    sigaddset(&only, number);
    sigprocmask(SIG_BLOCK, &only, NULL);
    raise(number);
    sigpending(&pending);
    int taken = 0;
    sigwait(&only, &taken);
    sigprocmask(SIG_UNBLOCK, &only, NULL);
    printf(", %d %d, %s\n", sigismember(&pending, number), taken == number, now(number));
}

static void tell_end(const char *what, pid_t child) {
    int status = 0;
    waitpid(child, &status, 0);
    printf("%s: %s %d\n", what, WIFSIGNALED(status) ? "signal" : "code", WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status));
    fflush(stdout);
}

int main(int count, char **arguments) {
    struct rlimit no_core = {0, 0};
    setrlimit(RLIMIT_CORE, &no_core);
    if (count > 1) {
        printf("executed: %s %s\n", now(SIGINT), now(SIGTERM));
        return 0;
    }
    for (size_t index = 0; index < COUNT; index++) changes(ends[index]);
    fflush(stdout);
    for (size_t index = 0; index < COUNT; index++) {
        pid_t child = fork();
        if (child == 0) {
            free(malloc(10));
            if (index % 2) {
                raise(ends[index]);
            } else {
                kill(getpid(), ends[index]);
            }
            _exit(1);
        }
        tell_end("forked", child);
    }
    pid_t child = vfork();
    if (child == 0) {
        kill(getpid(), SIGTERM);
        _exit(1);
    }
    tell_end("vforked", child);
    child = vfork();
    if (child == 0) {
        kill(getpid(), SIGFPE);
        _exit(1);
    }
    tell_end("vforked", child);
    signal(SIGINT, SIG_IGN);
    signal(SIGTERM, handler);
    child = fork();
    if (child == 0) {
        execl("/proc/self/exe", arguments[0], "executed", (char *)NULL);
        _exit(1);
    }
    tell_end("executed", child);
    return 0;
}
