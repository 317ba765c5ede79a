// LDT: allocations=200 frees=200 allocate_at_the_bottom:allocations=100 allocate_at_the_bottom:bytes=1000 between:allocations=200
// Exceptions through fifty frames, each with a destructor to run; the stacks before and after agree.
#include <new>

static volatile int destroyed;

struct Local { ~Local() { destroyed = destroyed + 1; } };

__attribute__((noinline)) char *allocate_at_the_bottom() {
    char *block = new char[10];
    destroyed = destroyed + 1;
    return block;
}

__attribute__((noinline)) void between(int frames) {
    Local local;
    if (frames > 0) {
        between(frames - 1);
    } else {
        delete[] allocate_at_the_bottom();
        throw frames;
    }
    destroyed = destroyed + 1;
}

int main() {
    for (int round = 0; round < 100; round++) {
        try { between(50); } catch (int) { destroyed = destroyed + 1; }
    }
    return destroyed == 0;
}
