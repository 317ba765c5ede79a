// LDT: allocations=0 frees=0
// What the C++ runtime itself does: libstdc++ sets a pool for exceptions aside.
#include <new>
int main() {
    volatile bool never = false;
    if (never) throw std::bad_alloc();
    return 0;
}
