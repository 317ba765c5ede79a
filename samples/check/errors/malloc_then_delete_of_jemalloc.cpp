// CHECK: kind=alloc-dealloc-mismatch alloc=make fault=main block=40 offset=0
// BUILD: -Wno-mismatched-new-delete -Wl,--no-as-needed -ljemalloc
// A block of malloc's is given to the operator delete of an allocator: under check it is none of the allocator's.
#include <cstdlib>
#include <new>

static void *make() { return std::malloc(40); }

int main() {
    void *volatile block = make();
#ifdef CLEAN
    std::free(block);
#else
    ::operator delete(block);
#endif
    delete new int(7);
    return 0;
}
