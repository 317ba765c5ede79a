/* ldt.h: what a program can tell LDT, and ask of it. For C and C++.
 *
 * Nothing has to be linked. Without LDT every call below does nothing, costs a compare, and gives the
 * value said to be that of "without LDT"; so a program that has them can be shipped.
 *
 * The names and meanings are those of valgrind's memcheck.h where it has the same. */
#ifndef LDT_H
#define LDT_H

#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

/* The library's functions: weak, so null without LDT. They are called by the macros of the same names
 * below, which look whether they are there. */
#define LDT_WEAK __attribute__((weak))
LDT_WEAK size_t ldt_leak_check(void);
LDT_WEAK size_t ldt_check(void);
LDT_WEAK void ldt_mark(const char *name);
LDT_WEAK void ldt_malloclike_block(const void *block, size_t size, size_t redzone, int is_zeroed);
LDT_WEAK void ldt_freelike_block(const void *block, size_t redzone);
LDT_WEAK void ldt_resizeinplace_block(const void *block, size_t old_size, size_t new_size, size_t redzone);
LDT_WEAK void ldt_make_mem_noaccess(const void *memory, size_t size);
LDT_WEAK void ldt_make_mem_undefined(const void *memory, size_t size);
LDT_WEAK void ldt_make_mem_defined(const void *memory, size_t size);
#undef LDT_WEAK

/* Whether LDT is loaded (whatever its mode). */
#define ldt_is_loaded() (ldt_leak_check != 0)

/* Looks for leaks now, as at the end of the process; the report names the check. Gives the bytes that
 * are definitely lost (0 without LDT, and outside check mode). */
#define ldt_leak_check() (ldt_leak_check ? ldt_leak_check() : (size_t)0)

/* Looks at every redzone and at every freed block that is held back, now. Gives the number of errors
 * that this process has reported so far (0 without LDT, and outside check mode). */
#define ldt_check() (ldt_check ? ldt_check() : (size_t)0)

/* Names what the program does from now on (a test, a request): errors are put down to it. */
#define ldt_mark(name) (ldt_mark ? ldt_mark(name) : (void)0)

/* For allocators of the program's own: `block` of `size` bytes was given out, with `redzone` bytes on
 * each side that nobody may touch (0: none). For leak checks it is a block from now on; the block of the
 * heap that it was cut from, if any, is not, as long as there are such blocks in it. */
#define ldt_malloclike_block(block, size, redzone, is_zeroed) \
    (ldt_malloclike_block ? ldt_malloclike_block(block, size, redzone, is_zeroed) : (void)0)

/* It was given back. */
#define ldt_freelike_block(block, redzone) \
    (ldt_freelike_block ? ldt_freelike_block(block, redzone) : (void)0)

/* It has another size now, at the same place. */
#define ldt_resizeinplace_block(block, old_size, new_size, redzone) \
    (ldt_resizeinplace_block ? ldt_resizeinplace_block(block, old_size, new_size, redzone) : (void)0)

/* Nobody may touch these bytes until they are made accessible again. LDT sees the C library's functions
 * touch them (memcpy, read, ...); leak checks take no pointers from them. */
#define ldt_make_mem_noaccess(memory, size) \
    (ldt_make_mem_noaccess ? ldt_make_mem_noaccess(memory, size) : (void)0)

/* The bytes may be touched, and hold nothing yet. */
#define ldt_make_mem_undefined(memory, size) \
    (ldt_make_mem_undefined ? ldt_make_mem_undefined(memory, size) : (void)0)

/* The bytes may be touched, and hold something. */
#define ldt_make_mem_defined(memory, size) \
    (ldt_make_mem_defined ? ldt_make_mem_defined(memory, size) : (void)0)

#ifdef __cplusplus
}
#endif

#endif
