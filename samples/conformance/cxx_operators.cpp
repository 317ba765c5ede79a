// LDT: exit=0 valgrind=no
// Every operator new with odd arguments: what it gives, what it throws, whether the new-handler is
// called. The same lines must come with and without LDT.
#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <initializer_list>
#include <new>
#include <unistd.h>

static volatile std::size_t hidden;
static std::size_t hide(std::size_t value) { hidden = value; return hidden; }
static int handled;

static void give_up_at_third_call() {
    if (++handled == 3) std::set_new_handler(nullptr);
}

static void throwing_handler() { throw std::bad_alloc(); }

template <typename New, typename Delete>
void show(const char *form, std::size_t alignment, New make, Delete drop) {
    errno = 0;
    try {
        void *block = make();
        dprintf(STDOUT_FILENO, "%s: %s, aligned %d, errno %d\n", form, block ? "a block" : "null",
                reinterpret_cast<std::uintptr_t>(block) % alignment == 0, errno);
        drop(block);
    } catch (const std::bad_alloc &error) {
        dprintf(STDOUT_FILENO, "%s: throws %s\n", form, error.what());
    }
}

#define SHOW(alignment, make, drop) \
    show(#make, alignment, [=] { return make; }, [=](void *block) { drop; })

static void every_form(std::size_t size, std::size_t alignment) {
    const std::align_val_t aligned{alignment};
    dprintf(STDOUT_FILENO, "size %zu, alignment %zu\n", size, alignment);
    SHOW(16, ::operator new(size), ::operator delete(block));
    SHOW(16, ::operator new[](size), ::operator delete[](block));
    SHOW(16, ::operator new(size, std::nothrow), ::operator delete(block, std::nothrow));
    SHOW(16, ::operator new[](size, std::nothrow), ::operator delete[](block, std::nothrow));
    SHOW(alignment, ::operator new(size, aligned), ::operator delete(block, aligned));
    SHOW(alignment, ::operator new[](size, aligned), ::operator delete[](block, aligned));
    SHOW(alignment, ::operator new(size, aligned, std::nothrow), ::operator delete(block, aligned, std::nothrow));
    SHOW(alignment, ::operator new[](size, aligned, std::nothrow), ::operator delete[](block, aligned, std::nothrow));
}

int main() {
    for (std::size_t size : {std::size_t{0}, std::size_t{1}, std::size_t{100}, std::size_t{1} << 20})
        for (std::size_t alignment : {std::size_t{8}, std::size_t{16}, std::size_t{64}, std::size_t{4096}})
            every_form(hide(size), hide(alignment));
    for (std::size_t size : {SIZE_MAX, SIZE_MAX - 10, std::size_t{PTRDIFF_MAX}, std::size_t{PTRDIFF_MAX} + 1})
        every_form(hide(size), 64);

    std::set_new_handler(give_up_at_third_call);
    SHOW(16, ::operator new(hide(SIZE_MAX / 2)), ::operator delete(block));
    dprintf(STDOUT_FILENO, "the handler was called %d times\n", handled);
    handled = 0;
    std::set_new_handler(give_up_at_third_call);
    SHOW(16, ::operator new[](hide(SIZE_MAX / 2), std::nothrow), ::operator delete[](block, std::nothrow));
    dprintf(STDOUT_FILENO, "the handler was called %d times\n", handled);
    std::set_new_handler(throwing_handler);
    SHOW(16, ::operator new(hide(SIZE_MAX / 2), std::nothrow), ::operator delete(block, std::nothrow));
    SHOW(64, ::operator new(hide(SIZE_MAX / 2), std::align_val_t{64}), ::operator delete(block, std::align_val_t{64}));

    ::operator delete(nullptr);
    ::operator delete[](nullptr);
    ::operator delete(nullptr, std::size_t{8});
    ::operator delete(nullptr, std::align_val_t{64});
    ::operator delete[](nullptr, std::nothrow);
    dprintf(STDOUT_FILENO, "null deleted\n");
    return 0;
}
