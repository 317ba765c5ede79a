//! The words that findings are made of, each with its stable number and the name that reports use.

macro_rules! named {
    ($(#[$outer:meta])* $name:ident { $($(#[$doc:meta])* $variant:ident = $code:literal, $shown:literal;)* }) => {
        $(#[$outer])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        #[repr(u8)]
        pub enum $name { $($(#[$doc])* $variant = $code,)* }

        impl $name {
            /// Every value, in the order of their numbers.
            pub const ALL: &'static [$name] = &[$($name::$variant,)*];

            /// The value with this number, if the format knows it.
            #[must_use]
            pub fn from_code(code: u8) -> Option<$name> {
                match code { $($code => Some($name::$variant),)* _ => None }
            }

            /// The name in reports and JSON.
            #[must_use]
            pub fn shown(self) -> &'static str {
                match self { $($name::$variant => $shown,)* }
            }
        }
    };
}

named! {
    /// What went wrong, in AddressSanitizer's words where it has one.
    ErrorKind {
        /// An access that begins, or goes on, after a block's end.
        HeapBufferOverflow = 1, "heap-buffer-overflow";
        /// An access that begins before a block.
        HeapBufferUnderflow = 2, "heap-buffer-underflow";
        /// An access to a block that has been freed.
        HeapUseAfterFree = 3, "heap-use-after-free";
        /// A free or realloc of a block that has been freed.
        DoubleFree = 4, "double-free";
        /// A free or realloc of something that is no block.
        BadFree = 5, "bad-free";
        /// A block freed by a function of another family than its allocation's.
        AllocDeallocMismatch = 6, "alloc-dealloc-mismatch";
        /// A delete that was given another size or alignment than the new.
        NewDeleteTypeMismatch = 7, "new-delete-type-mismatch";
        /// Source and destination of a copy overlap where they must not.
        MemcpyParamOverlap = 8, "memcpy-param-overlap";
        /// The product of calloc's or reallocarray's arguments overflows.
        CallocOverflow = 9, "calloc-overflow";
        /// An alignment that is no power of two, or not what the function takes.
        InvalidAlignment = 10, "invalid-alignment";
        /// An access to a range that the program itself has marked as inaccessible.
        UseAfterPoison = 11, "use-after-poison";
        /// A fatal signal that has nothing to do with a block of the heap.
        Crash = 12, "crash";
        /// A size above `PTRDIFF_MAX`, as of a negative number: no block can have it.
        AllocationSizeTooBig = 13, "allocation-size-too-big";
    }
}

named! {
    /// What an access did.
    Access {
        /// Not an access, or not known which.
        Unknown = 0, "access";
        /// It read.
        Read = 1, "read";
        /// It wrote.
        Write = 2, "write";
    }
}

named! {
    /// How an error came to light.
    DetectedBy {
        /// A guard page stopped the instruction.
        Guard = 1, "guard";
        /// A redzone no longer held its pattern.
        Redzone = 2, "redzone";
        /// A block that left the quarantine no longer held its fill.
        Quarantine = 3, "quarantine";
        /// The arguments of a call of the C library.
        LibcCall = 4, "libc-call";
        /// The arguments of a free, delete or realloc; of an allocation for what it refuses.
        Free = 5, "free";
        /// A signal.
        Signal = 6, "signal";
        /// A crash by a pointer that had been read where LDT's pattern was.
        Crash = 7, "crash";
    }
}

named! {
    /// What a block was when the error came to light.
    BlockState {
        /// In use.
        Live = 1, "live";
        /// Freed, and still known.
        Freed = 2, "freed";
    }
}

named! {
    /// The kinds of a leak, with valgrind's meaning.
    LeakKind {
        /// Nothing points to it.
        Definite = 1, "definite";
        /// Only blocks that are lost themselves point to it.
        Indirect = 2, "indirect";
        /// Only pointers into its inside lead to it.
        Possible = 3, "possible";
        /// A root or a reachable block points to its start.
        Reachable = 4, "reachable";
    }
}
