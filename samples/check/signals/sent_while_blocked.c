// SIGSEGV and SIGBUS that are sent while they are blocked are the program's to wait for: sigpending has them, and each of
// sigtimedwait, sigwaitinfo, sigwait and signalfd takes them with what came along, also in a thread of the program that
// waits for what is sent to the process; a wait with a mask of its own goes on.
#define _GNU_SOURCE
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

static sigset_t both;

static void tell_pending(const char *when) {
    sigset_t pending, mask;
    sigpending(&pending);
    sigprocmask(SIG_BLOCK, NULL, &mask);
    printf("%s: pending %d %d, blocked %d %d\n", when, sigismember(&pending, SIGSEGV), sigismember(&pending, SIGBUS),
           sigismember(&mask, SIGSEGV), sigismember(&mask, SIGBUS));
}

static void tell(const char *how, int number, const siginfo_t *info) {
    printf("%s: %d, code %d, from me %d\n", how, number, info->si_code, info->si_pid == getpid());
}

static void handler(int number, siginfo_t *info, void *context) {
    (void)context;
    tell("handler", number, info);
}

static void *wait_for_one(void *unused) {
    int number = 0;
    sigwait(&both, &number);
    printf("thread: %d\n", number);
    return unused;
}

int main(void) {
    siginfo_t info;
    int number = 0;
    struct timespec none = {0};
    free(malloc(10));
    sigemptyset(&both);
    sigaddset(&both, SIGSEGV);
    sigaddset(&both, SIGBUS);
    sigprocmask(SIG_BLOCK, &both, NULL);
    tell_pending("before");

    kill(getpid(), SIGSEGV);
    tell_pending("killed");
    number = sigtimedwait(&both, &info, &none);
    tell("sigtimedwait", number, &info);
    tell_pending("taken");

    raise(SIGBUS);
    tell_pending("raised");
    number = sigwaitinfo(&both, &info);
    tell("sigwaitinfo", number, &info);

    union sigval value = {.sival_int = 77};
    sigqueue(getpid(), SIGSEGV, value);
    number = sigwaitinfo(&both, &info);
    printf("value %d\n", info.si_value.sival_int);
    tell("queued", number, &info);

    pthread_kill(pthread_self(), SIGSEGV);
    sigwait(&both, &number);
    printf("sigwait: %d\n", number);

    int fd = signalfd(-1, &both, SFD_NONBLOCK);
    struct signalfd_siginfo got = {0};
    kill(getpid(), SIGBUS);
    struct pollfd ready = {.fd = fd, .events = POLLIN};
    printf("poll: %d\n", poll(&ready, 1, 0));
    printf("read: %d\n", (int)read(fd, &got, sizeof got) == (int)sizeof got);
    printf("signalfd: %u, from me %d\n", got.ssi_signo, got.ssi_pid == (unsigned)getpid());

    pthread_t thread;
    pthread_create(&thread, NULL, wait_for_one, NULL);
    kill(getpid(), SIGSEGV);
    pthread_join(thread, NULL);
    tell_pending("joined");

    // Waiting with a mask that blocks it still, nothing comes of it; a child begins with nothing pending.
    kill(getpid(), SIGSEGV);
    printf("ppoll: %d\n", ppoll(NULL, 0, &none, &both));
    tell_pending("waited");
    fflush(stdout);
    pid_t child = fork();
    if (child == 0) {
        free(malloc(10));
        tell_pending("child");
        fflush(stdout);
        _exit(0);
    }
    waitpid(child, NULL, 0);

    // Another change of the mask does not let it through; this one does.
    sigset_t other;
    sigemptyset(&other);
    sigaddset(&other, SIGUSR1);
    sigprocmask(SIG_UNBLOCK, &other, NULL);
    tell_pending("another unblocked");
    struct sigaction action = {.sa_sigaction = handler, .sa_flags = SA_SIGINFO};
    sigaction(SIGSEGV, &action, NULL);
    sigprocmask(SIG_UNBLOCK, &both, NULL);
    tell_pending("after");
    return 0;
}
