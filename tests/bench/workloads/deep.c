/* (b) The same as `shallow`, 60 frames further down. */
#include "churn.h"

static struct churn state = {.random = 0x9e3779b97f4a7c15ULL};

int main(int argc, char **argv) {
    state.count = count_argument(argc, argv);
    down_a(60, churn, &state);
    return 0;
}
