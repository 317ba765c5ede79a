// CHECK: kind=heap-buffer-overflow access=write size=4 offset=32 block=32 fault=by_a_call called=memset detected_by=libc-call
// CHECK: kind=heap-buffer-overflow access=read size=1 offset=33 block=32 fault=by_a_load detected_by=guard guard=all,adaptive
// CHECK: kind=heap-buffer-overflow access=read size=1 offset=32 block=32 fault=through_a_double called=strtod detected_by=libc-call
// What a call of the C library has met is closed behind the call: the program's own load of the same bytes is
// another error. A result in a vector register comes through all the same.
#include <stdlib.h>
#include <string.h>

static volatile size_t length;
static volatile char seen;

__attribute__((noinline)) static void by_a_call(char *block) { memset(block, 'a', length); }
__attribute__((noinline)) static void by_a_load(char *block) { seen = block[length > 32 ? 33 : 1]; }
__attribute__((noinline)) static double through_a_double(char *text) { return strtod(text, NULL); }

int main(void) {
    char *volatile block = malloc(32), *volatile text = malloc(32);
    if (block == NULL || text == NULL) return 1;
    memset(text, '0', 32);
    memcpy(text, "2.5", 3);
    length = 32;
#ifndef CLEAN
    length = 36;
#else
    text[31] = 0;
#endif
    by_a_call(block);
    by_a_load(block);
    double number = through_a_double(text);
    free(block);
    free(text);
    return number == 2.5 ? 0 : 2;
}
