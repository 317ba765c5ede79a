// Loses a block, and deletes its own executable before it ends.
#include <stdlib.h>
#include <unistd.h>
#include "../leaks/apart.h"

APART static void lose_one(void) { *(volatile char *)malloc(20) = 1; }

int main(int count, char **arguments) {
    lose_one();
    return count == 1 ? unlink(arguments[0]) : 1;
}
