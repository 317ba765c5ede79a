// CHECK: kind=heap-buffer-overflow access=write offset=16 block=16 alloc=main fault=main called=memset
// BUILD: -fno-builtin
// A program with an operator new and an operator delete of its own, which call malloc and free: the library's other
// operators (with a size, for arrays, with nothrow) pass on to these, and nothing is mismatched whichever way a
// block goes. Then one byte too many is set.
#include <cstdlib>
#include <cstring>
#include <new>

__attribute__((noinline)) void *operator new(std::size_t bytes) {
    if (void *block = std::malloc(bytes ? bytes : 1)) return block;
    throw std::bad_alloc();
}

__attribute__((noinline)) void operator delete(void *block) noexcept { std::free(block); }

struct Counted {
    ~Counted() { count++; }
    static int count;
    long words[3];
};

int Counted::count;

int main() {
    delete new Counted;
    delete new (std::nothrow) Counted;
    delete[] new Counted[3];
    delete[] new (std::nothrow) Counted[3];
    void *volatile block = ::operator new(24);
    ::operator delete(block, 24);
    block = ::operator new[](24, std::nothrow);
    ::operator delete[](block, std::nothrow);
    block = ::operator new[](24);
    ::operator delete[](block, std::size_t{24});
    char *bytes = static_cast<char *>(std::malloc(16));
#ifdef CLEAN
    std::memset(bytes, 1, 16);
#else
    std::memset(bytes, 1, 17);
#endif
    std::free(bytes);
    return Counted::count == 8 ? 0 : 1;
}
