// Two processes make errors in turn, each told by the other when: 10 bytes, 20 bytes, ... 60 bytes.
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

__attribute__((noinline)) static void free_twice(size_t bytes) {
    char *volatile block = malloc(bytes);
    free(block);
    free(block);
}

static void in_turn(int mine, int others, size_t first, size_t last) {
    char token = 0;
    for (size_t turn = first; turn <= last; turn += 2) {
        if (turn > 1 && read(mine, &token, 1) != 1) _exit(2);
        // One place each, so that none is a repetition.
        switch (turn) {
        case 1: free_twice(10); break;
        case 2: free_twice(20); break;
        case 3: free_twice(30); break;
        case 4: free_twice(40); break;
        case 5: free_twice(50); break;
        default: free_twice(60); break;
        }
        if (write(others, &token, 1) != 1) _exit(3);
    }
}

int main(void) {
    int odd[2], even[2];
    if (pipe(odd) != 0 || pipe(even) != 0) return 4;
    pid_t child = fork();
    if (child == 0) {
        in_turn(even[0], odd[1], 2, 6);
        return 0;
    }
    in_turn(odd[0], even[1], 1, 5);
    int status;
    return waitpid(child, &status, 0) != child;
}
