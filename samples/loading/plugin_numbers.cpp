// Part of loading/cxx_plugin_local.c and cxx_plugin_deepbind.c: a C++ library for a C program.
#include <stdexcept>
#include <string>

extern "C" int make_numbers() {
    int *kept = new int[10];
    kept[0] = 1;
    delete[] new int[20];
    try {
        throw std::runtime_error(std::string(100, 'x'));
    } catch (const std::exception &error) {
        return error.what()[0] == 'x' ? kept[0] : 0;
    }
}
