// CHECK: kind=heap-buffer-overflow access=write offset=96 size=1 block=96 alloc=make detected_by=guard guard=all,adaptive
// CHECK: kind=heap-buffer-overflow access=write offset=96 block=96 alloc=make detected_by=redzone guard=off
// What was opened for a call that does not say how much it stores is closed behind it, however many there have been.
#include <stdio.h>
#include <stdlib.h>

static char *make(void) { return malloc(96); }

int main(void) {
    FILE *words = tmpfile();
    char *volatile word = make();
    if (words == NULL) return 1;
    for (int i = 0; i < 5000; i++) fputs("word ", words);
    rewind(words);
    for (int i = 0; i < 5000; i++) {
        if (fscanf(words, "%s", word) != 1) return 2;
    }
    fclose(words);
#ifndef CLEAN
    word[96] = 1;
#endif
    free(word);
    return 0;
}
