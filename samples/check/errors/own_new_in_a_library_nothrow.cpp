// CHECK: kind=heap-buffer-overflow access=write offset=120 size=8 block=116 alloc=main fault=main guard=all,adaptive
// CHECK: kind=heap-use-after-free access=read offset=16 size=4 block=20 alloc=main freed=main fault=main guard=all,adaptive
// LINKED: loading/own_new_nothrow.cpp
// A library that the program is linked to replaces new and delete, and nothrow new with them, by malloc with a header: what it
// gives is checked as any block.
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
