// LDT: allocations=12 frees=12 bytes=768 leaked_bytes=0
// Every form of operator new with every form of operator delete that may follow it.
#include <new>

int main() {
    const std::align_val_t aligned{128};
    ::operator delete(::operator new(64));
    ::operator delete(::operator new(64), std::size_t{64});
    ::operator delete(::operator new(64, std::nothrow), std::nothrow);
    ::operator delete(::operator new(64, aligned), aligned);
    ::operator delete(::operator new(64, aligned), std::size_t{64}, aligned);
    ::operator delete(::operator new(64, aligned, std::nothrow), aligned, std::nothrow);
    ::operator delete[](::operator new[](64));
    ::operator delete[](::operator new[](64), std::size_t{64});
    ::operator delete[](::operator new[](64, std::nothrow), std::nothrow);
    ::operator delete[](::operator new[](64, aligned), aligned);
    ::operator delete[](::operator new[](64, aligned), std::size_t{64}, aligned);
    ::operator delete[](::operator new[](64, aligned, std::nothrow), aligned, std::nothrow);
    return 0;
}
