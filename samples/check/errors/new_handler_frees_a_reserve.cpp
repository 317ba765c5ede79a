// CHECK: kind=alloc-dealloc-mismatch block=10485760 offset=0 alloc=main fault=main called=free
// BUILD: -Wno-mismatched-new-delete
// Operator new gets no memory, calls the new-handler, which gives up a reserve, and asks once more: that block is one of
// new[], too.
#include <cstdlib>
#include <new>
#include <vector>

#include <sys/resource.h>

static char *reserve;

static void give_up() {
    if (reserve == nullptr) std::set_new_handler(nullptr);
    delete[] reserve;
    reserve = nullptr;
}

int main() {
    rlimit limit;
    if (getrlimit(RLIMIT_AS, &limit) != 0) return 1;
    limit.rlim_cur = 1ul << 30;
    if (setrlimit(RLIMIT_AS, &limit) != 0) return 1;
    std::vector<char *> blocks;
    blocks.reserve(1000);
    reserve = new char[100 << 20];
    std::set_new_handler(give_up);
    while (reserve != nullptr) blocks.push_back(new char[10 << 20]);
#ifndef CLEAN
    std::free(blocks.back());
    blocks.pop_back();
#endif
    for (char *block : blocks) delete[] block;
    return 0;
}
