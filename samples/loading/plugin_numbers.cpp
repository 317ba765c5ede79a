// Part of loading/cxx_plugin_local.c and cxx_plugin_deepbind.c: a C++ library for a C program.
#include <stdexcept>
#include <string>

static volatile int passed;

extern "C" __attribute__((noinline)) int *keep_numbers() {
    int *kept = new int[10];
    kept[0] = 1;
    passed = passed + 1;
    return kept;
}

extern "C" __attribute__((noinline)) void drop_numbers() {
    delete[] new int[20];
    passed = passed + 1;
}

extern "C" int make_numbers() {
    int *kept = keep_numbers();
    drop_numbers();
    try {
        throw std::runtime_error(std::string(100, 'x'));
    } catch (const std::exception &error) {
        return error.what()[0] == 'x' ? kept[0] : 0;
    }
}
