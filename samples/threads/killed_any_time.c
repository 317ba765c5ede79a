// LDT: exit=2
// Four threads that allocate and free until somebody kills the process. Each counts what it has
// finished in a file mapped into memory, which outlives the process: the kernel writes it.
// Usage: killed_any_time LEDGER. The ledger: the process's id, then for each thread the allocations and
// the frees finished, all 64-bit. Without a ledger it ends with 2.
// BUILD: -pthread
#include <fcntl.h>
#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

enum { THREADS = 4, KEPT = 50 };
struct ledger {
    volatile uint64_t pid;
    struct { volatile uint64_t allocated, freed; } threads[THREADS];
};
static struct ledger *ledger;

static inline __attribute__((always_inline)) void work(int self, uint64_t round, void **kept) {
    int place = round % KEPT;
    if (kept[place]) {
        free(kept[place]);
        ledger->threads[self].freed++;
    }
    kept[place] = malloc(16 + (round * 37 + self) % 1000);
    ledger->threads[self].allocated++;
}

#define WORKER(self)                                                       \
    __attribute__((noinline)) void *worker_##self(void *unused) {          \
        void *kept[KEPT] = {0};                                            \
        for (uint64_t round = 0;; round++) work(self, round, kept);        \
        return unused;                                                     \
    }
WORKER(0) WORKER(1) WORKER(2) WORKER(3)

int main(int count, char **arguments) {
    if (count < 2) return 2;
    int file = open(arguments[1], O_RDWR | O_CREAT, 0600);
    if (file < 0 || ftruncate(file, sizeof *ledger) != 0) return 3;
    ledger = mmap(NULL, sizeof *ledger, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    if (ledger == MAP_FAILED) return 4;
    void *(*workers[THREADS])(void *) = {worker_0, worker_1, worker_2, worker_3};
    pthread_t threads[THREADS];
    ledger->pid = getpid();
    for (int i = 0; i < THREADS; i++)
        if (pthread_create(&threads[i], NULL, workers[i], NULL) != 0) return 5;
    return pthread_join(threads[0], NULL);
}
