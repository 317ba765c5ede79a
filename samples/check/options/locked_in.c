// The program gives up the right to open any file (Landlock), unless it is told to stay out. Then its first blocks come, and a
// thread; both overflow by a byte. Its code is 77 where the kernel has no Landlock.
#define _GNU_SOURCE
#include <linux/landlock.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

static volatile unsigned length = 21;

__attribute__((noinline)) static void in_main(void) {
    char *block = malloc(20);
    memset(block, 1, length);
    free(block);
}

__attribute__((noinline)) static void *in_thread(void *nothing) {
    char *block = malloc(20);
    memset(block, 1, length);
    free(block);
    return nothing;
}

static int lock_in(void) {
    struct landlock_ruleset_attr all = {.handled_access_fs = LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR};
    int rules = (int)syscall(SYS_landlock_create_ruleset, &all, sizeof all, 0);
    return rules >= 0 && prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 && syscall(SYS_landlock_restrict_self, rules, 0) == 0;
}

int main(int count, char **arguments) {
    (void)arguments;
    if (count == 1 && !lock_in()) return 77;
    in_main();
    pthread_t thread;
    if (pthread_create(&thread, NULL, in_thread, NULL) != 0) return 1;
    pthread_join(thread, NULL);
    return 0;
}
