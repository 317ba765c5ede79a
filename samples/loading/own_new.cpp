// Part of own_new_in_a_library.cpp: a library with operators of its own, but no nothrow new.
#include <cstdlib>
#include <new>

void *operator new(std::size_t bytes) {
    if (void *block = std::malloc(bytes != 0 ? bytes : 1)) return block;
    throw std::bad_alloc();
}

void operator delete(void *block) noexcept { std::free(block); }
