#include <stdlib.h>

int main(void) {
    char *volatile block = malloc(20);
    block[0] = 1;
    free(block);
    return 0;
}
