// What children inherit: a forked one everything, a program that is executed that signals are ignored and
// blocked, but no handlers.
#define _GNU_SOURCE
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

static void handler(int number) {
    (void)number;
}

static const char *name(void (*action)(int)) {
    return action == SIG_DFL ? "default" : action == SIG_IGN ? "ignored" : "handled";
}

static void tell(const char *who) {
    struct sigaction segv, bus;
    sigset_t blocked;
    sigaction(SIGSEGV, NULL, &segv);
    sigaction(SIGBUS, NULL, &bus);
    sigprocmask(SIG_BLOCK, NULL, &blocked);
    printf("%s: SIGSEGV %s and %s, SIGBUS %s and %s\n", who, name(segv.sa_handler),
           sigismember(&blocked, SIGSEGV) ? "blocked" : "open", name(bus.sa_handler),
           sigismember(&blocked, SIGBUS) ? "blocked" : "open");
    fflush(stdout);
}

int main(int count, char **arguments) {
    if (count > 1) {
        tell(arguments[1]);
        return 0;
    }
    signal(SIGSEGV, SIG_IGN);
    signal(SIGBUS, handler);
    sigset_t only;
    sigemptyset(&only);
    sigaddset(&only, SIGBUS);
    sigprocmask(SIG_BLOCK, &only, NULL);
    free(malloc(10));
    tell("parent");
    pid_t child = fork();
    if (child == 0) {
        tell("forked");
        execl("/proc/self/exe", arguments[0], "executed", (char *)NULL);
        _exit(1);
    }
    waitpid(child, NULL, 0);
    child = vfork();
    if (child == 0) {
        execl("/proc/self/exe", arguments[0], "executed after vfork", (char *)NULL);
        _exit(1);
    }
    waitpid(child, NULL, 0);
    // No file: everything must be as before.
    execl("/nonexistent", "nothing", (char *)NULL);
    tell("parent");
    signal(SIGSEGV, SIG_DFL);
    char *spawned[] = {arguments[0], "spawned", NULL};
    posix_spawn(&child, "/proc/self/exe", NULL, NULL, spawned, environ);
    waitpid(child, NULL, 0);
    tell("parent");
    return 0;
}
