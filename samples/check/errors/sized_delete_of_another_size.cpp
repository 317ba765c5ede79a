// CHECK: kind=new-delete-type-mismatch alloc=make fault=drop block=16
// BUILD: -Wno-mismatched-new-delete
// A sized delete is told another size.
#include <cstdlib>
#include <new>

static void * make() { return ::operator new(16); }

static void drop(void * block) {
#ifdef CLEAN
    ::operator delete(block, std::size_t(16));
#else
    ::operator delete(block, std::size_t(24));
#endif
}

int main() {
    drop(make());
    return 0;
}
