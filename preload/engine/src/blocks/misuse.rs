//! Whether a free, delete or realloc may be: which family of functions a block belongs to, and what
//! sized and aligned deletes must be given.

use ldt_trace::Function;
use ldt_trace::finding::ErrorKind;

use super::meta::Facts;
use super::request::Free;

/// Functions that belong together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Family {
    /// malloc and free.
    Malloc,
    /// new and delete.
    New,
    /// new[] and delete[].
    NewArray,
}

/// Whether an operator takes an alignment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Takes {
    Alignment,
    None,
}

pub(super) fn family(function: Function) -> Family {
    use Function as F;
    match function {
        F::New | F::NewNothrow | F::NewAligned | F::NewAlignedNothrow => Family::New,
        F::NewArray | F::NewArrayNothrow | F::NewArrayAligned | F::NewArrayAlignedNothrow => {
            Family::NewArray
        }
        F::Delete
        | F::DeleteSized
        | F::DeleteNothrow
        | F::DeleteAligned
        | F::DeleteSizedAligned
        | F::DeleteAlignedNothrow => Family::New,
        F::DeleteArray
        | F::DeleteArraySized
        | F::DeleteArrayNothrow
        | F::DeleteArrayAligned
        | F::DeleteArraySizedAligned
        | F::DeleteArrayAlignedNothrow => Family::NewArray,
        _ => Family::Malloc,
    }
}

fn takes(allocated: Function) -> Takes {
    use Function as F;
    match allocated {
        F::NewAligned | F::NewAlignedNothrow | F::NewArrayAligned | F::NewArrayAlignedNothrow => {
            Takes::Alignment
        }
        _ => Takes::None,
    }
}

/// What is wrong with freeing a live block like this, if anything.
#[inline(always)]
pub(super) fn mismatch(
    facts: Facts,
    size: u64,
    alignment: u64,
    free: &Free,
) -> Option<(ErrorKind, &'static str)> {
    // The functions of C come first.
    let plain = (facts.function_code() | free.freed.function as u8) < Function::New as u8;
    if plain && free.size.is_none() && free.alignment.is_none() {
        return None;
    }
    compare(facts.function(), size, alignment, free)
}

#[inline(never)]
fn compare(
    allocated: Function,
    size: u64,
    alignment: u64,
    free: &Free,
) -> Option<(ErrorKind, &'static str)> {
    if family(allocated) != family(free.freed.function) {
        return Some((ErrorKind::AllocDeallocMismatch, ""));
    }
    if free.size.is_some_and(|given| given != size) {
        let note = "the size given differs from the size allocated";
        return Some((ErrorKind::NewDeleteTypeMismatch, note));
    }
    let note = match (family(allocated), takes(allocated), free.alignment) {
        (Family::Malloc, _, Some(given)) if given != alignment => {
            "the alignment given differs from the alignment allocated"
        }
        (Family::Malloc, ..) => return None,
        (_, Takes::Alignment, None) => "allocated with an alignment, deleted without one",
        (_, Takes::None, Some(_)) => "allocated without an alignment, deleted with one",
        (_, Takes::Alignment, Some(given)) if given != alignment => {
            "the alignment given differs from the alignment allocated"
        }
        _ => return None,
    };
    Some((ErrorKind::NewDeleteTypeMismatch, note))
}

#[cfg(test)]
mod tests {
    use super::*;
    use ldt_trace::NodeId;
    use ldt_trace::finding::Use;

    fn free(function: Function, size: Option<u64>, alignment: Option<u64>) -> Free {
        Free {
            freed: Use {
                thread: 0,
                function,
                stack: NodeId(0),
            },
            size,
            alignment,
        }
    }

    fn kind(allocated: Function, free: &Free) -> Option<ErrorKind> {
        compare(allocated, 40, 64, free).map(|(kind, _)| kind)
    }

    #[test]
    fn families_are_told_apart() {
        use Function as F;
        let wrong = Some(ErrorKind::AllocDeallocMismatch);
        for (allocated, freed, expected) in [
            (F::Malloc, F::Free, None),
            (F::Calloc, F::Realloc, None),
            (F::AlignedAlloc, F::Free, None),
            (F::Malloc, F::Delete, wrong),
            (F::New, F::Free, wrong),
            (F::New, F::Realloc, wrong),
            (F::New, F::DeleteArray, wrong),
            (F::NewArray, F::Delete, wrong),
            (F::New, F::Delete, None),
            (F::NewNothrow, F::Delete, None),
            (F::NewArray, F::DeleteArrayNothrow, None),
        ] {
            assert_eq!(kind(allocated, &free(freed, None, None)), expected);
        }
    }

    #[test]
    fn sizes_and_alignments_must_agree() {
        use Function as F;
        let wrong = Some(ErrorKind::NewDeleteTypeMismatch);
        let all = [
            (F::New, free(F::DeleteSized, Some(40), None), None),
            (F::New, free(F::DeleteSized, Some(41), None), wrong),
            (F::NewAligned, free(F::Delete, None, None), wrong),
            (F::New, free(F::DeleteAligned, None, Some(64)), wrong),
            (F::NewAligned, free(F::DeleteAligned, None, Some(64)), None),
            (F::NewAligned, free(F::DeleteAligned, None, Some(32)), wrong),
            (F::Malloc, free(F::FreeSized, Some(40), None), None),
            (F::Malloc, free(F::FreeSized, Some(4), None), wrong),
        ];
        for (allocated, free, expected) in all {
            assert_eq!(kind(allocated, &free), expected, "{allocated:?} {free:?}");
        }
    }
}
