//! Registers kept across a call in a naked function, told to unwinders instruction by instruction: a stack may be captured,
//! or an exception pass, at any of them.

/// Pushes registers, in this order. At a function's entry the stack is 8 bytes off its alignment to 16, so that calls need an
/// odd number pushed: one register is named twice where there would be an even one.
#[macro_export]
macro_rules! push {
    ($($register:literal),+) => {
        concat!($("push ", $register, "\n.cfi_adjust_cfa_offset 8\n",)+)
    };
}

/// Pops registers, in this order: the reverse of [`push!`](crate::push).
#[macro_export]
macro_rules! pop {
    ($($register:literal),+) => {
        concat!($("pop ", $register, "\n.cfi_adjust_cfa_offset -8\n",)+)
    };
}
