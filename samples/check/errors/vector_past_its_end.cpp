// CHECK: kind=heap-buffer-overflow access=read size=4 offset=32 block=32 guard=all,adaptive fault=main
// An element past the end of a vector.
#include <cstdlib>
#include <new>

#include <vector>

int main() {
    std::vector<int> numbers(8, 1);
    volatile int *data = numbers.data();
#ifdef CLEAN
    return data[7] - 1;
#else
    return data[8] * 0;
#endif
}
