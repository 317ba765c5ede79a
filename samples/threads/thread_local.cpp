// LDT: ~Diary:allocations=3 ~Diary:leaked_bytes=0 write:allocations=3 write:leaked_bytes=0 valgrind=calls
// A thread_local object's destructor frees and allocates while the thread ends.
// BUILD: -pthread
#include <pthread.h>
#include <cstdlib>

struct Diary {
    void *page = nullptr;
    __attribute__((noinline)) void write() { page = std::malloc(123); }
    __attribute__((noinline)) ~Diary() {
        std::free(page);
        std::free(std::malloc(321));
    }
};

static thread_local Diary diary;

static void *body(void *unused) {
    diary.write();
    return unused;
}

int main() {
    for (int round = 0; round < 3; round++) {
        pthread_t thread;
        if (pthread_create(&thread, nullptr, body, nullptr) != 0) return 1;
        pthread_join(thread, nullptr);
    }
    return 0;
}
