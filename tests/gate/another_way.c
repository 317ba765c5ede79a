// Writes behind a block; from the second run on (the first leaves a file), behind one of another call stack.

#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

static void write_after(char *volatile block) {
    block[20] = 1;
    free(block);
}

__attribute__((noinline)) static void the_first_time(void) {
    write_after(malloc(20));
}

__attribute__((noinline)) static void later(void) {
    write_after(malloc(20));
}

int main(void) {
    if (access("was_here", F_OK) == 0) {
        later();
    } else {
        close(open("was_here", O_CREAT | O_WRONLY, 0600));
        the_first_time();
    }
    return 0;
}
