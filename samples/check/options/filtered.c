// Works, refuses itself (by a seccomp filter) every system call but those that the C library's heap and its own
// output need, and works on with more memory than before. Ends with 77 where filters are not allowed.
#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

#define BLOCKS 4000
#define ALLOW(call) BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_##call, 0, 1), BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)

static int filter(void) {
   struct sock_filter rules[] = {
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
      ALLOW(brk),
      ALLOW(write),
      ALLOW(newfstatat),
      ALLOW(rt_sigreturn),
      ALLOW(exit_group),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM),
   };
   struct sock_fprog program = {sizeof rules / sizeof *rules, rules};
   return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) || prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program);
}

static char *blocks[BLOCKS];

static size_t work(size_t bytes) {
   size_t sum = 0;
   for (int turn = 0; turn < 4; turn++) {
      for (size_t index = 0; index < BLOCKS; index++) {
         size_t size = 1 + (index * 7 + turn) % bytes;
         char *block = index % 3 ? (free(blocks[index]), calloc(size, 1)) : realloc(blocks[index], size);
         if (!block) return 0;
         if (index % 3 == 0) memset(block, 0, size);
         block[size - 1]++;
         sum += block[size - 1] + size;
         blocks[index] = block;
      }
   }
   return sum;
}

int main(void) {
   size_t before = work(50);
   if (filter()) return 77;
   size_t after = work(40000);
   for (size_t index = 0; index < BLOCKS; index++) free(blocks[index]);
   printf("%zu %zu\n", before, after);
   return 7;
}
