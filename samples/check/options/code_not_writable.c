// The program gives up the right to write to code, and stores into blocks as if they lay at multiples of 16. Its code is 77
// where the kernel has no such promise (before Linux 6.3).
#include <emmintrin.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>

enum { SET_MEMORY_DENY_WRITE_EXECUTE = 65, REFUSE_GAIN = 1 };

__attribute__((noinline)) static int store(size_t bytes) {
    char *block = malloc(bytes);
    _mm_store_si128((__m128i *)block, _mm_set1_epi8(3));
    int stored = block[15];
    free(block);
    return stored;
}

int main(void) {
    if (prctl(SET_MEMORY_DENY_WRITE_EXECUTE, REFUSE_GAIN, 0, 0, 0) != 0) return 77;
    int sum = 0;
    for (size_t bytes = 16; bytes < 64; bytes++) sum += store(bytes);
    printf("%d\n", sum);
    return 0;
}
