//! Whose the pages are that the program has mapped itself ([`super::altered`]): a live block's, or its own.

use core::ops::Range;

use super::altered;
use super::slot::Slot;

fn is_live(address: u64) -> bool {
    Slot::at(address).is_some_and(|slot| slot.meta.facts().is_live())
}

/// The program has mapped ordinary memory: in blocks that are live nothing is altered then.
pub fn renewed(range: &Range<u64>) {
    altered::unmark(range, &is_live);
}

/// Calls `visit` with the pages in `range` that the program has mapped where it has no block: memory of its own, which may
/// hold pointers.
pub fn each_mapped(range: &Range<u64>, visit: &mut dyn FnMut(Range<u64>)) {
    altered::each_replaced(range, &mut |page| {
        if !is_live(page.start) {
            visit(page);
        }
    });
}
