// CHECK: kind=alloc-dealloc-mismatch alloc=make fault=drop block=4 offset=0 called=free
// BUILD: -Wno-mismatched-new-delete
// Made by new, given to free.
#include <cstdlib>
#include <new>

static int * make() { return new int(7); }

static void drop(int * block) {
#ifdef CLEAN
    delete block;
#else
    std::free(block);
#endif
}

int main() {
    drop(make());
    return 0;
}
