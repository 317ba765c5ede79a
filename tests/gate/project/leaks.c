#include <stdlib.h>

int main(void) {
    char *volatile block = malloc(20);
    block[0] = 1;
    block = NULL;
    return 0;
}
