// CHECK: kind=allocation-size-too-big fault=resize called=realloc
// CHECK: kind=allocation-size-too-big fault=main called=calloc
// CHECK: kind=allocation-size-too-big fault=main called=aligned_alloc
// CHECK: kind=allocation-size-too-big fault=main called=posix_memalign
// CHECK: kind=allocation-size-too-big fault=main
// Every function is refused a negative size; the old block of realloc stays as it is.
#include <cstdlib>
#include <malloc.h>
#include <new>
#ifdef CLEAN
static const size_t LARGE = 100000;
#else
static const size_t LARGE = -100;
#endif

__attribute__((noinline)) static void *resize(void *old) { return realloc(old, LARGE); }

int main() {
    void *old = malloc(10);
    void *volatile blocks[5] = {resize(old)};
    if (!blocks[0]) blocks[0] = old;
    blocks[1] = calloc(1, LARGE);
    blocks[2] = aligned_alloc(64, LARGE);
    if (posix_memalign((void **)&blocks[3], 64, LARGE)) blocks[3] = nullptr;
    void *volatile other = ::operator new(LARGE, std::nothrow);
    for (void *block : blocks) free(block);
    ::operator delete(other);
    return 0;
}
