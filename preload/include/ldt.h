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

/* The library's functions, under names of this header's: weak, so null without LDT. */
#define LDT_IMPORT(result, name, parameters) \
    extern result ldt_imported_##name parameters __asm__("ldt_" #name) __attribute__((weak))

LDT_IMPORT(size_t, leak_check, (void));
LDT_IMPORT(size_t, check, (void));
LDT_IMPORT(void, mark, (const char *name));
LDT_IMPORT(void, malloclike_block, (const void *block, size_t size, size_t redzone, int is_zeroed));
LDT_IMPORT(void, freelike_block, (const void *block, size_t redzone));
LDT_IMPORT(void, resizeinplace_block, (const void *block, size_t old_size, size_t new_size, size_t redzone));
LDT_IMPORT(void, make_mem_noaccess, (const void *memory, size_t size));
LDT_IMPORT(void, make_mem_undefined, (const void *memory, size_t size));
LDT_IMPORT(void, make_mem_defined, (const void *memory, size_t size));

#undef LDT_IMPORT

/* Whether LDT is loaded (whatever its mode). */
static inline int ldt_is_loaded(void) { return ldt_imported_leak_check != 0; }

/* Looks for leaks now, as at the end of the process; the report names the check. Gives the bytes that
 * are definitely lost (0 without LDT, and outside check mode). */
static inline size_t ldt_leak_check(void) {
    return ldt_imported_leak_check ? ldt_imported_leak_check() : 0;
}

/* Looks at every redzone and at every freed block that is held back, now. Gives the number of errors
 * that this process has reported so far (0 without LDT, and outside check mode). */
static inline size_t ldt_check(void) { return ldt_imported_check ? ldt_imported_check() : 0; }

/* Names what the program does from now on (a test, a request): errors are put down to it. */
static inline void ldt_mark(const char *name) {
    if (ldt_imported_mark) ldt_imported_mark(name);
}

/* For allocators of the program's own: `block` of `size` bytes was given out, with `redzone` bytes on
 * each side that nobody may touch (0: none). For leak checks it is a block from now on; the block of the
 * heap that it was cut from, if any, is not, as long as there are such blocks in it. */
static inline void ldt_malloclike_block(const void *block, size_t size, size_t redzone, int is_zeroed) {
    if (ldt_imported_malloclike_block) ldt_imported_malloclike_block(block, size, redzone, is_zeroed);
}

/* It was given back. */
static inline void ldt_freelike_block(const void *block, size_t redzone) {
    if (ldt_imported_freelike_block) ldt_imported_freelike_block(block, redzone);
}

/* It has another size now, at the same place. */
static inline void ldt_resizeinplace_block(const void *block, size_t old_size, size_t new_size, size_t redzone) {
    if (ldt_imported_resizeinplace_block)
        ldt_imported_resizeinplace_block(block, old_size, new_size, redzone);
}

/* Nobody may touch these bytes until they are made accessible again. LDT sees the C library's functions
 * touch them (memcpy, read, ...); leak checks take no pointers from them. */
static inline void ldt_make_mem_noaccess(const void *memory, size_t size) {
    if (ldt_imported_make_mem_noaccess) ldt_imported_make_mem_noaccess(memory, size);
}

/* The bytes may be touched, and hold nothing yet. */
static inline void ldt_make_mem_undefined(const void *memory, size_t size) {
    if (ldt_imported_make_mem_undefined) ldt_imported_make_mem_undefined(memory, size);
}

/* The bytes may be touched, and hold something. */
static inline void ldt_make_mem_defined(const void *memory, size_t size) {
    if (ldt_imported_make_mem_defined) ldt_imported_make_mem_defined(memory, size);
}

#ifdef __cplusplus
}
#endif

#endif
