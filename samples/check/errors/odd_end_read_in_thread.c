// CHECK: kind=heap-buffer-overflow access=read size=2 offset=30 block=30 alloc=make fault=touch detected_by=guard guard=all,adaptive watchpoints=yes
// BUILD: -pthread
// A thread reads behind the end of what another one has allocated before.
#include <pthread.h>
#include <stdlib.h>

static char *make(size_t size) { return malloc(size); }

static void *touch(void *block) {
#ifdef CLEAN
    (void)((volatile short *)block)[14];
#else
    (void)((volatile short *)block)[15];
#endif
    return NULL;
}

int main(void) {
    char *block = make(30);
    pthread_t thread;
    pthread_create(&thread, NULL, touch, block);
    pthread_join(thread, NULL);
    free(block);
    return 0;
}
