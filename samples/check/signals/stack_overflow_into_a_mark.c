// CHECK: kind=crash access=write fault=deeper
// BUILD: -pthread
// The same in a thread whose stack ends at a guard inside its mapping, as C libraries since 2.42 make them; where the kernel has none,
// at a page of another mapping.
#include <pthread.h>
#include <stdlib.h>
#include <sys/mman.h>

enum { GUARD = 4096, BYTES = 256 << 10, MADV_GUARD = 102 };

__attribute__((noinline)) static long deeper(long depth) {
    volatile char room[1000];
    room[depth % 1000] = 1;
    return deeper(depth + 1) + room[0];
}

static void *work(void *argument) {
    free(malloc(10));
    return (void *)deeper((long)argument);
}

int main(void) {
    char *stack = mmap(NULL, GUARD + BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (stack == MAP_FAILED) return 1;
    if (madvise(stack, GUARD, MADV_GUARD) != 0) mprotect(stack, GUARD, PROT_NONE);
    pthread_attr_t attributes;
    pthread_t thread;
    pthread_attr_init(&attributes);
    pthread_attr_setstack(&attributes, stack + GUARD, BYTES);
    if (pthread_create(&thread, &attributes, work, NULL) != 0) return 1;
    pthread_join(thread, NULL);
    return 0;
}
