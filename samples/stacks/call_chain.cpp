// LDT: allocations=1 bytes=54321
// One block at the end of a chain of C++ calls: methods, templates, a lambda, a callback from C.
#include <cstdlib>

static volatile long passed;

namespace shop {
template <typename T> struct Shelf {
    __attribute__((noinline)) void add(std::size_t size) { (void)!std::malloc(size + sizeof(T) - 1); passed = passed + 1; }
};
struct Clerk {
    virtual void serve(std::size_t size);
    virtual ~Clerk() = default;
};
__attribute__((noinline)) void Clerk::serve(std::size_t size) { Shelf<int>().add(size + 18); passed = passed + 1; }
}

static int compare(const void *left, const void *) {
    static bool served = false;
    if (!served) {
        served = true;
        shop::Clerk clerk;
        shop::Clerk *volatile behind = &clerk;
        behind->serve(*static_cast<const int *>(left));
    }
    passed = passed + 1;
    return 0;
}

int main() {
    const int wanted = 54300;
    auto look = [&]() __attribute__((noinline)) {
        (void)!std::bsearch(&wanted, &wanted, 1, sizeof wanted, compare);
        passed = passed + 1;
    };
    look();
    return passed == 0;
}
