// A program that does what its arguments say: each is an error, a leak, or a way to end.

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

struct node {
    struct node *next;
    char payload[24];
};

__attribute__((noinline)) static void lose_list(int length) {
    struct node *volatile head = NULL;
    for (int i = 0; i < length; i++) {
        struct node *made = malloc(sizeof *made);
        made->next = head;
        head = made;
    }
    head = NULL;
}

__attribute__((noinline)) static void lose_one(void) {
    char *volatile block = malloc(20);
    block[0] = 1;
    block = NULL;
}

__attribute__((noinline)) static void free_twice(void) {
    char *volatile block = malloc(20);
    free(block);
    free(block);
}

__attribute__((noinline)) static void use_balanced(void) {
    char *volatile block = malloc(20);
    block[19] = 1;
    free(block);
}

/* The stack of a thing lost before must not lie where the leak check looks. */
__attribute__((noinline)) static void wipe_stack(void) {
    volatile char room[4096];
    for (unsigned i = 0; i < sizeof room; i++) room[i] = 0;
}

int main(int count, char **arguments) {
    for (int i = 1; i < count; i++) {
        const char *what = arguments[i];
        if (!strcmp(what, "leak")) lose_one();
        if (!strcmp(what, "list")) lose_list(3);
        if (!strcmp(what, "twice")) free_twice();
        if (!strcmp(what, "balanced")) use_balanced();
        if (!strcmp(what, "exit7")) exit(7);
        if (!strcmp(what, "term")) raise(SIGTERM);
        if (!strcmp(what, "say")) puts("the program's own");
        if (!strcmp(what, "exec")) execv(arguments[i + 1], arguments + i + 1);
        if (!strcmp(what, "run")) {
            pid_t child = fork();
            if (child == 0) {
                execv(arguments[i + 1], arguments + i + 1);
                _exit(127);
            }
            waitpid(child, NULL, 0);
            return 0;
        }
        if (!strcmp(what, "fork")) {
            fflush(stdout);
            pid_t child = fork();
            if (child == 0) {
                lose_one();
                wipe_stack();
                exit(0);
            }
            waitpid(child, NULL, 0);
        }
        wipe_stack();
    }
    return 0;
}
