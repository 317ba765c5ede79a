// LDT: at_work:allocations=100 signal=6
// An exception that nobody catches ends in std::terminate, through whatever LDT has around main.
#include <cstdlib>

static volatile long passed;

__attribute__((noinline)) void at_work() { (void)!std::malloc(10); passed = passed + 1; }

int main() {
    for (int i = 0; i < 100; i++) at_work();
    throw 1;
}
