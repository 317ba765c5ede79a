// CHECK: kind=alloc-dealloc-mismatch alloc=make fault=drop block=40
// BUILD: -Wno-mismatched-new-delete
// Made by malloc, given to delete[].
#include <cstdlib>
#include <new>

static char * make() { return static_cast<char *>(std::malloc(40)); }

static void drop(char * block) {
#ifdef CLEAN
    std::free(block);
#else
    delete[] block;
#endif
}

int main() {
    drop(make());
    return 0;
}
