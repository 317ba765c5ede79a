// LEAKS: reachable=100/1 definite=40/1
// VALGRIND: tables=1
// BUILD: -pthread
// As in a container: the kernel refuses ptrace and reading other processes' memory. The other thread is
// stopped and looked at all the same.
#define _GNU_SOURCE
#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <pthread.h>
#include <semaphore.h>
#include <stddef.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>
#include "apart.h"

static sem_t ready;

static void refuse(void) {
   struct sock_filter rules[] = {
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_ptrace, 2, 0),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_process_vm_readv, 1, 0),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM),
   };
   struct sock_fprog program = {sizeof rules / sizeof *rules, rules};
   prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
   prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program);
}

APART static void lose(void) {
   char *volatile dead = calloc(40, 1);
#ifdef CLEAN
   free(dead);
#endif
}

static void *run(void *nothing) {
   char *volatile here = calloc(100, 1);
#ifdef CLEAN
   free(here);
#endif
   sem_post(&ready);
   for (;;) pause();
   return here + (long)nothing;
}

int main(void) {
   pthread_t thread;
   refuse();
   sem_init(&ready, 0, 0);
   lose();
   pthread_create(&thread, 0, run, 0);
   sem_wait(&ready);
   _exit(0);
}
