// CHECK: kind=heap-buffer-overflow access=write offset=16 block=16 alloc=main fault=main called=memset
// BUILD: -no-pie -fno-pie -fno-builtin
// A program at a fixed address that takes the address of operator delete has an entry of that name, which is not an
// operator of its own. Then one byte too many is set.
#include <cstdlib>
#include <cstring>
#include <new>

struct Counted {
    ~Counted() { count++; }
    static int count;
    long words[3];
};

int Counted::count;

int main() {
    void (*volatile deletes)(void *) = &::operator delete;
    deletes(::operator new(24));
    delete new Counted;
    delete[] new Counted[3];
    void *volatile block = ::operator new[](24);
    ::operator delete[](block, std::size_t{24});
    char *bytes = static_cast<char *>(std::malloc(16));
#ifdef CLEAN
    std::memset(bytes, 1, 16);
#else
    std::memset(bytes, 1, 17);
#endif
    std::free(bytes);
    return Counted::count == 4 ? 0 : 1;
}
