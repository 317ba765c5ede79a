// CHECK: kind=heap-buffer-overflow access=write offset=16 block=16 alloc=main fault=main called=memset
// BUILD: -fno-builtin
// Operator new refuses an alignment that is no power of two by an exception: the exception's memory is no block of the
// operator's, of its size. Then one byte too many is set in another block.
#include <cstdlib>
#include <cstring>
#include <new>

static bool is_refused(std::size_t alignment) {
    try {
        ::operator delete(::operator new(1, std::align_val_t{alignment}), std::align_val_t{alignment});
        return false;
    } catch (const std::bad_alloc &error) {
        return std::strcmp(error.what(), "std::bad_alloc") == 0 &&
               ::operator new(1, std::align_val_t{alignment}, std::nothrow) == nullptr;
    }
}

int main() {
    volatile std::size_t odd = 24;
    if (!is_refused(odd)) return 1;
    volatile std::size_t bytes = 16;
    void *block = std::malloc(bytes);
#ifdef CLEAN
    std::memset(block, 1, bytes);
#else
    std::memset(block, 1, bytes + 1);
#endif
    std::free(block);
    return 0;
}
