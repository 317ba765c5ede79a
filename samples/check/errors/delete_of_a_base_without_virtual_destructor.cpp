// CHECK: kind=new-delete-type-mismatch block=24 alloc=main fault=main
// BUILD: -Wno-delete-non-virtual-dtor
// The sized delete of a base class knows the size of the base only.
#include <cstdlib>
#include <new>

struct Base {
    long first = 1;
#ifdef CLEAN
    virtual ~Base() = default;
#endif
};
struct Derived : Base {
    long second = 2;
#ifndef CLEAN
    long third = 3;
#endif
};

int main() {
    Base *object = new Derived;
    delete object;
    return 0;
}
