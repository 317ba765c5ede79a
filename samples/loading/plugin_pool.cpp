// Part of loading/cxx_plugin_pool.c: a C++ library with a pool, which parts of it ask past the operators, as a compiler
// does that inlines them.
#include <cstddef>
#include <cstdlib>
#include <new>

alignas(16) static char pool[1 << 16];
static std::size_t used;

__attribute__((noinline)) static void *take(std::size_t bytes) {
    bytes = (bytes + 15) & ~std::size_t(15);
    if (bytes > sizeof pool - used) std::abort();
    void *block = pool + used;
    used += bytes;
    return block;
}

static bool is_ours(const void *block) {
    return block >= pool && block < pool + sizeof pool;
}

void *operator new(std::size_t bytes) { return take(bytes); }

void operator delete(void *block) noexcept {
    if (!is_ours(block)) std::abort();
}

void operator delete(void *block, std::size_t) noexcept { operator delete(block); }

struct Number {
    int value;
};

extern "C" Number *make() { return new Number{1}; }

// At -O2 the last call is a jump: it returns to the program.
extern "C" void drop(Number *number) { delete number; }

extern "C" __attribute__((noinline)) int work() {
    void *taken = take(sizeof(Number));
    Number *made = new Number{1};
    int *many = new int[20];
    bool right = is_ours(made) && is_ours(many);
    operator delete(taken);
    delete made;
    delete[] many;
    return right;
}
