// CHECK: kind=alloc-dealloc-mismatch alloc=make fault=drop block=40
// BUILD: -Wno-mismatched-new-delete
// Made by new[], given to delete.
#include <cstdlib>
#include <new>

static int * make() { return new int[10]; }

static void drop(int * block) {
#ifdef CLEAN
    delete[] block;
#else
    delete block;
#endif
}

int main() {
    drop(make());
    return 0;
}
