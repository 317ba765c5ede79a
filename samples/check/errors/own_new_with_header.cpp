// CHECK: kind=heap-buffer-overflow access=write offset=416 block=416 alloc=main fault=main called=memset
// BUILD: -fno-builtin
// The program's own operator new puts a header before each block. new[], the nothrow forms and the sized delete are the
// C++ library's, and call the program's: the block that these ask malloc for is larger than what they were asked for.
#include <cstdlib>
#include <cstring>
#include <new>

struct Header {
    std::size_t bytes;
    std::size_t padding;
};

void *operator new(std::size_t bytes) {
    Header *header = static_cast<Header *>(std::malloc(bytes + sizeof(Header)));
    if (header == nullptr) throw std::bad_alloc();
    header->bytes = bytes;
    return header + 1;
}

void operator delete(void *block) noexcept {
    if (block != nullptr) std::free(static_cast<Header *>(block) - 1);
}

struct Large {
    char bytes[400];
};

int main() {
    volatile std::size_t bytes = 400;
    char *block = new char[bytes];
#ifdef CLEAN
    std::memset(block, 7, bytes);
#else
    std::memset(block, 7, bytes + 1);
#endif
    delete[] block;
    block = new (std::nothrow) char[bytes];
    std::memset(block, 7, bytes);
    delete[] block;
    Large *large = new (std::nothrow) Large;
    std::memset(large, 7, sizeof *large);
    delete large;
    return 0;
}
