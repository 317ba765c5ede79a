// A parent that loses blocks from three places and then forks, one after the other, as many children as its argument says: each
// child loses those blocks, too, and one of its own, each of another size.
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>
#include "../leaks/apart.h"

APART static void lose_one(void) { *(volatile char *)malloc(100) = 1; }
APART static void lose_another(void) { *(volatile char *)malloc(200) = 1; }
APART static void lose_a_third(void) { *(volatile char *)malloc(300) = 1; }
APART static void lose_in_a_child(int more) { *(volatile char *)malloc(50 + more) = 1; }

int main(int count, char **arguments) {
    lose_one();
    lose_another();
    lose_a_third();
    for (int left = count > 1 ? atoi(arguments[1]) : 1; left > 0; left--) {
        pid_t child = fork();
        if (child == 0) {
            lose_in_a_child(left);
            return 0;
        }
        waitpid(child, NULL, 0);
    }
    return 0;
}
