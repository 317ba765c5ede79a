// CHECK: kind=alloc-dealloc-mismatch alloc=make fault=drop block=4 offset=0
// BUILD: -Wno-mismatched-new-delete
// Made by malloc, given to delete.
#include <cstdlib>
#include <new>

static int * make() { return static_cast<int *>(std::malloc(4)); }

static void drop(int * block) {
#ifdef CLEAN
    std::free(block);
#else
    delete block;
#endif
}

int main() {
    drop(make());
    return 0;
}
