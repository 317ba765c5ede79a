// CHECK: kind=heap-use-after-free access=read block=101 guard=all,adaptive fault=main
// BUILD: -Wno-dangling-pointer
// The characters of a string that is gone.
#include <cstdlib>
#include <new>

#include <string>

static const char *dangling() {
    std::string text(100, 'a');
#ifdef CLEAN
    static std::string kept;
    kept = text;
    return kept.c_str();
#else
    return text.c_str();
#endif
}

int main() {
    const volatile char *text = dangling();
    return text[3] == 0;
}
