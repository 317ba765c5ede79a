// BUILD: -fnon-call-exceptions -fasynchronous-unwind-tables
// A handler throws: the exception goes through the signal frame to whoever catches it.
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <stdexcept>

static void handler(int, siginfo_t *info, void *) {
    throw std::runtime_error(info->si_addr == reinterpret_cast<void *>(24) ? "field of nothing" : "something else");
}

__attribute__((noinline)) static long read(volatile long *address) {
    return *address;
}

int main() {
    struct sigaction action = {};
    action.sa_sigaction = handler;
    action.sa_flags = SA_SIGINFO | SA_NODEFER;
    sigaction(SIGSEGV, &action, nullptr);
    for (int round = 0; round < 3; round++) {
        try {
            std::free(std::malloc(10));
            read(reinterpret_cast<long *>(24));
            std::puts("not reached");
        } catch (const std::runtime_error &error) {
            std::puts(error.what());
        }
    }
}
