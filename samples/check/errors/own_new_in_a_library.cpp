// CHECK: kind=heap-buffer-overflow access=write offset=104 size=8 block=100 alloc=main fault=main guard=all,adaptive
// CHECK: kind=heap-use-after-free access=read offset=0 size=4 block=4 alloc=main freed=main fault=main guard=all,adaptive
// LINKED: loading/own_new.cpp
// A library that the program is linked to replaces new and delete, but not the nothrow forms: these are the C++
// library's, which call the plain ones by name.
#include <new>

int main() {
    volatile unsigned long sum = 0;
    char *volatile block = new char[100];
    int *volatile number = new (std::nothrow) int(5);
#ifndef CLEAN
    reinterpret_cast<volatile long *>(block)[13] = 7;
#endif
    delete[] block;
    delete number;
#ifndef CLEAN
    sum = sum + *const_cast<volatile int *>(number);
#endif
    for (int round = 0; round < 100; round++) {
        int *volatile another = new int(round);
        sum = sum + *another;
        delete another;
    }
    return 0;
}
