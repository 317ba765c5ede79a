// For the samples of this folder: what a function apart has left on the stack is dead when it returns,
// and nothing of it stays in registers.
#define APART __attribute__((noinline, noclone, noipa))
