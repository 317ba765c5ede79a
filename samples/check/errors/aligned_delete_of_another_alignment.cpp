// CHECK: kind=new-delete-type-mismatch alloc=make fault=drop block=64
// BUILD: -Wno-mismatched-new-delete
// An aligned delete is told another alignment.
#include <cstdlib>
#include <new>

static void * make() { return ::operator new(64, std::align_val_t(64)); }

static void drop(void * block) {
#ifdef CLEAN
    ::operator delete(block, std::align_val_t(64));
#else
    ::operator delete(block, std::align_val_t(32));
#endif
}

int main() {
    drop(make());
    return 0;
}
