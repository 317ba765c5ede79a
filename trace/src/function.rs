//! The functions whose calls are recorded, each with its stable number in the format and the name
//! that reports show as frame 0.

macro_rules! functions {
    ($($(#[$doc:meta])* $variant:ident = $code:literal, $symbol:literal, $shown:literal;)*) => {
        /// A recorded function of the allocation interface. The discriminant is the format's number:
        /// never reuse one.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        #[repr(u8)]
        pub enum Function { $($(#[$doc])* #[doc = concat!("`", $shown, "`")] $variant = $code,)* }

        impl Function {
            /// Every function, in the order of their numbers.
            pub const ALL: &'static [Function] = &[$(Function::$variant,)*];

            /// The function with this number, if the format knows it.
            #[must_use]
            #[inline]
            pub fn from_code(code: u8) -> Option<Function> {
                const BY_CODE: [Option<Function>; 256] = {
                    let mut by_code = [None; 256];
                    $(by_code[$code] = Some(Function::$variant);)*
                    by_code
                };
                BY_CODE[code as usize]
            }

            /// The symbol that is interposed (mangled for C++), as suppressions match it.
            #[must_use]
            pub fn symbol(self) -> &'static str {
                match self { $(Function::$variant => $symbol,)* }
            }

            /// The name that people read, demangled.
            #[must_use]
            pub fn shown(self) -> &'static str {
                match self { $(Function::$variant => $shown,)* }
            }
        }
    };
}

functions! {
    Malloc = 1, "malloc", "malloc";
    Calloc = 2, "calloc", "calloc";
    Realloc = 3, "realloc", "realloc";
    Reallocarray = 4, "reallocarray", "reallocarray";
    Free = 5, "free", "free";
    Cfree = 6, "cfree", "cfree";
    PosixMemalign = 7, "posix_memalign", "posix_memalign";
    AlignedAlloc = 8, "aligned_alloc", "aligned_alloc";
    Memalign = 9, "memalign", "memalign";
    Valloc = 10, "valloc", "valloc";
    Pvalloc = 11, "pvalloc", "pvalloc";
    FreeSized = 12, "free_sized", "free_sized";
    FreeAlignedSized = 13, "free_aligned_sized", "free_aligned_sized";

    New = 16, "_Znwm", "operator new(unsigned long)";
    NewArray = 17, "_Znam", "operator new[](unsigned long)";
    NewNothrow = 18, "_ZnwmRKSt9nothrow_t", "operator new(unsigned long, std::nothrow_t const&)";
    NewArrayNothrow = 19, "_ZnamRKSt9nothrow_t", "operator new[](unsigned long, std::nothrow_t const&)";
    NewAligned = 20, "_ZnwmSt11align_val_t", "operator new(unsigned long, std::align_val_t)";
    NewArrayAligned = 21, "_ZnamSt11align_val_t", "operator new[](unsigned long, std::align_val_t)";
    NewAlignedNothrow = 22, "_ZnwmSt11align_val_tRKSt9nothrow_t", "operator new(unsigned long, std::align_val_t, std::nothrow_t const&)";
    NewArrayAlignedNothrow = 23, "_ZnamSt11align_val_tRKSt9nothrow_t", "operator new[](unsigned long, std::align_val_t, std::nothrow_t const&)";
    /// A block of a pool of the program's own, named with `ldt.h`.
    MalloclikeBlock = 24, "ldt_malloclike_block", "ldt_malloclike_block";

    Delete = 32, "_ZdlPv", "operator delete(void*)";
    DeleteArray = 33, "_ZdaPv", "operator delete[](void*)";
    DeleteSized = 34, "_ZdlPvm", "operator delete(void*, unsigned long)";
    DeleteArraySized = 35, "_ZdaPvm", "operator delete[](void*, unsigned long)";
    DeleteNothrow = 36, "_ZdlPvRKSt9nothrow_t", "operator delete(void*, std::nothrow_t const&)";
    DeleteArrayNothrow = 37, "_ZdaPvRKSt9nothrow_t", "operator delete[](void*, std::nothrow_t const&)";
    DeleteAligned = 38, "_ZdlPvSt11align_val_t", "operator delete(void*, std::align_val_t)";
    DeleteArrayAligned = 39, "_ZdaPvSt11align_val_t", "operator delete[](void*, std::align_val_t)";
    DeleteSizedAligned = 40, "_ZdlPvmSt11align_val_t", "operator delete(void*, unsigned long, std::align_val_t)";
    DeleteArraySizedAligned = 41, "_ZdaPvmSt11align_val_t", "operator delete[](void*, unsigned long, std::align_val_t)";
    DeleteAlignedNothrow = 42, "_ZdlPvSt11align_val_tRKSt9nothrow_t", "operator delete(void*, std::align_val_t, std::nothrow_t const&)";
    DeleteArrayAlignedNothrow = 43, "_ZdaPvSt11align_val_tRKSt9nothrow_t", "operator delete[](void*, std::align_val_t, std::nothrow_t const&)";

    Mmap = 48, "mmap", "mmap";
    Munmap = 49, "munmap", "munmap";
    Mremap = 50, "mremap", "mremap";
    Brk = 51, "brk", "brk";
    Sbrk = 52, "sbrk", "sbrk";
}
