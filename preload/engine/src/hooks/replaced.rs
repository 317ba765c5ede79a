//! Operators of C++ that a program, or a library of its own, puts in the place of the C++ library's. Most replace two or
//! three and leave the others to the C++ library, whose others call the replaced ones: `new[]` calls `new`, a sized delete the plain one.
//! What these do with malloc and free is up to the program: blocks with a header, a pool, a count. So no operator
//! that leads to a replaced one is noted for the malloc or free that may come of it, nor its counterparts, since
//! such blocks are malloc's on one side.

use core::sync::atomic::{AtomicU8, Ordering};

use ldt_trace::Function;

use crate::real::cxx;

/// Operators that are replaced together.
#[derive(Clone, Copy)]
#[repr(usize)]
enum Family {
    Single,
    Array,
    SingleAligned,
    ArrayAligned,
}

impl Family {
    const COUNT: usize = Family::ArrayAligned as usize + 1;

    fn of(operator: Function) -> Family {
        use Function as F;
        match operator {
            F::NewArray
            | F::NewArrayNothrow
            | F::DeleteArray
            | F::DeleteArraySized
            | F::DeleteArrayNothrow => Family::Array,
            F::NewAligned
            | F::NewAlignedNothrow
            | F::DeleteAligned
            | F::DeleteSizedAligned
            | F::DeleteAlignedNothrow => Family::SingleAligned,
            F::NewArrayAligned
            | F::NewArrayAlignedNothrow
            | F::DeleteArrayAligned
            | F::DeleteArraySizedAligned
            | F::DeleteArrayAlignedNothrow => Family::ArrayAligned,
            _ => Family::Single,
        }
    }

    /// The family that this one's operators lead to in the C++ library.
    fn leads_to(self) -> Family {
        match self {
            Family::Single | Family::Array => Family::Single,
            Family::SingleAligned | Family::ArrayAligned => Family::SingleAligned,
        }
    }
}

/// Whether some operator of the family is the program's.
fn has_replaced(family: Family) -> bool {
    const UNKNOWN: u8 = 0;
    const NO: u8 = 1;
    const YES: u8 = 2;
    static KNOWN: [AtomicU8; Family::COUNT] = [const { AtomicU8::new(UNKNOWN) }; Family::COUNT];

    let known = &KNOWN[family as usize];
    if known.load(Ordering::Relaxed) == UNKNOWN {
        let replaced = Function::ALL.iter().any(|&function| {
            cxx::is_operator(function)
                && Family::of(function) as usize == family as usize
                && (cxx::is_programs(function) || is_replaced_beneath(function))
        });
        known.store(if replaced { YES } else { NO }, Ordering::Relaxed);
    }
    known.load(Ordering::Relaxed) == YES
}

/// Whether the operator beneath is neither of a C++ library nor of the allocator.
fn is_replaced_beneath(function: Function) -> bool {
    let beneath = cxx::address(function) as usize;
    beneath != 0 && !cxx::is_built_on_malloc(beneath) && !cxx::is_of_allocator(beneath)
}

/// Whether calls of this operator may end in one that the program has replaced.
#[cold]
pub(super) fn leads_to_replaced(function: Function) -> bool {
    let family = Family::of(function);
    has_replaced(family) || has_replaced(family.leads_to())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn operators_that_are_given_an_alignment_are_apart() {
        for &function in Function::ALL {
            if cxx::is_operator(function) {
                let family = Family::of(function);
                let symbol = function.symbol();
                let aligned = symbol.contains("align_val_t");
                let array = symbol.starts_with("_Zna") || symbol.starts_with("_Zda");
                assert_eq!(
                    matches!(family, Family::SingleAligned | Family::ArrayAligned),
                    aligned,
                    "{symbol}"
                );
                assert_eq!(
                    matches!(family, Family::Array | Family::ArrayAligned),
                    array,
                    "{symbol}"
                );
            }
        }
    }
}
