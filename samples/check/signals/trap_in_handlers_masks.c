// BUILD: -pthread
// A handler that has all signals blocked reads texts with an odd end; later all signals are blocked, and a program is
// executed from a handler. Nothing of LDT's watchpoints is left for the program to see, or to be killed by.
#define _GNU_SOURCE
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static char *text;
static volatile size_t length;
static char *again;

static void on_signal(int number) {
    sigset_t pending;
    length = strlen(text);
    sigpending(&pending);
    length += sigismember(&pending, SIGTRAP);
    if (number == SIGUSR2) {
        execl(again, again, "executed", NULL);
    }
}

static void *waits(void *unused) {
    (void)unused;
    sigset_t trap;
    sigemptyset(&trap);
    sigaddset(&trap, SIGTRAP);
    length = strlen(text);
    printf("waits for a trap: %d\n", sigtimedwait(&trap, NULL, &(struct timespec){0, 0}));
    return NULL;
}

int main(int count, char **arguments) {
    sigset_t all, before;
    sigfillset(&all);
    if (count > 1) {
        sigemptyset(&before);
        sigprocmask(SIG_SETMASK, &before, NULL);
        puts("executed");
        return 0;
    }
    again = arguments[0];
    text = malloc(13);
    strcpy(text, "twelve bytes");
    length = strlen(text);
    struct sigaction action = {.sa_handler = on_signal};
    sigfillset(&action.sa_mask);
    sigaction(SIGUSR1, &action, NULL);
    sigaction(SIGUSR2, &action, NULL);
    raise(SIGUSR1);
    printf("%zu\n", length);
    pthread_attr_t attributes;
    pthread_attr_init(&attributes);
    pthread_attr_setsigmask_np(&attributes, &all);
    pthread_t thread;
    pthread_create(&thread, &attributes, waits, NULL);
    pthread_join(thread, NULL);
    sigprocmask(SIG_BLOCK, &all, &before);
    length = strlen(text);
    sigprocmask(SIG_SETMASK, &before, NULL);
    printf("%zu\n", length);
    fflush(stdout);
    raise(SIGUSR2);
    return 1;
}
