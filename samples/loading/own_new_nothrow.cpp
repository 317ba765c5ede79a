// Part of own_new_in_a_library_nothrow.cpp: a library with operators of its own that have a header, nothrow new among them.
#include <cstdlib>
#include <new>

void *operator new(std::size_t bytes, const std::nothrow_t &) noexcept {
    char *block = static_cast<char *>(std::malloc(bytes + 16));
    return block != nullptr ? block + 16 : nullptr;
}

void *operator new(std::size_t bytes) {
    if (void *block = operator new(bytes, std::nothrow)) return block;
    throw std::bad_alloc();
}

void operator delete(void *block) noexcept {
    if (block != nullptr) std::free(static_cast<char *>(block) - 16);
}
