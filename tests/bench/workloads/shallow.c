/* (a) malloc and free of 16 to 1,024 bytes, five functions below main. */
#include "churn.h"

static struct churn state = {.random = 0x9e3779b97f4a7c15ULL};

int main(int argc, char **argv) {
    state.count = count_argument(argc, argv);
    down_a(2, churn, &state);
    return 0;
}
