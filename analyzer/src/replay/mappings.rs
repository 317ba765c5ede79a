//! Memory that the program took from the kernel itself: anonymous mappings and the break, reported
//! apart from the heap because an allocator's own mappings are among them.
//!
//! What is unmapped was mapped before: the calls are recorded before the kernel has answered, and whether it was a file
//! that they unmap or move, nobody asks. So the ranges that are there are kept, and only what goes of those counts.

use std::collections::BTreeMap;
use std::ops::Range;

use super::sites::Sites;
use super::slack::slack_bytes;
use ldt_trace::{Function, NodeId};

/// Totals of one function.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct MappingCounts {
    /// Calls.
    pub calls: u64,
    /// Bytes mapped, or unmapped.
    pub bytes: u64,
}

/// All mappings made and removed.
#[derive(Debug, Default)]
pub struct Mappings {
    /// What was mapped.
    pub mapped: MappingCounts,
    /// What was unmapped, or had something else mapped over it.
    pub unmapped: MappingCounts,
    /// Who mapped it.
    pub sites: Sites,
    /// What is mapped: the end of each range by its start.
    there: BTreeMap<u64, u64>,
    /// What the mremap whose second half comes next has moved was none of these.
    moves_another: bool,
}

const PAGE_BYTES: u64 = 4096;

/// What a call with these arguments concerns: the kernel maps whole pages, and the break is where it is put. `None`: it refuses
/// the call.
fn concerned(function: Function, address: u64, size: u64) -> Option<Range<u64>> {
    let end = address.checked_add(size)?;
    if matches!(function, Function::Sbrk | Function::Brk) {
        return Some(address..end);
    }
    let is_refused = !address.is_multiple_of(PAGE_BYTES) || size == 0;
    (!is_refused).then_some(address..end.checked_next_multiple_of(PAGE_BYTES)?)
}

impl Mappings {
    /// Memory was mapped.
    pub fn map(&mut self, function: Function, address: u64, size: u64, stack: NodeId) {
        if function == Function::Mremap && std::mem::take(&mut self.moves_another) {
            return;
        }
        self.mapped.calls += 1;
        self.mapped.bytes = self.mapped.bytes.wrapping_add(size);
        let site = self.sites.number(stack, function);
        self.sites.get_mut(site).gain(size, slack_bytes(size), 0);
        if let Some(range) = concerned(function, address, size) {
            self.unmapped.bytes = self.unmapped.bytes.wrapping_add(self.take(&range));
            self.put(range);
        }
    }

    /// Memory was unmapped, if it was there.
    pub fn unmap(&mut self, function: Function, address: u64, size: u64) {
        let range = concerned(function, address, size);
        let whole = range.as_ref().map_or(0, |range| range.end - range.start);
        let gone = range.map_or(0, |range| self.take(&range));
        self.moves_another = function == Function::Mremap && gone == 0;
        if gone > 0 {
            self.unmapped.calls += 1;
            // All of it: as many bytes as the call says.
            let bytes = if gone == whole { size } else { gone };
            self.unmapped.bytes = self.unmapped.bytes.wrapping_add(bytes);
        }
    }

    /// Puts a range, of which nothing is there.
    fn put(&mut self, range: Range<u64>) {
        let Range { mut start, mut end } = range;
        if let Some((&before, &touching)) = self.there.range(..start).next_back()
            && touching == start
        {
            start = before;
        }
        if let Some(behind) = self.there.remove(&end) {
            end = behind;
        }
        self.there.insert(start, end);
    }

    /// Takes away what is there of a range; gives its bytes.
    fn take(&mut self, range: &Range<u64>) -> u64 {
        let mut taken = 0;
        while let Some((&start, &end)) = self.there.range(..range.end).next_back()
            && end > range.start
        {
            self.there.remove(&start);
            if end > range.end {
                self.there.insert(range.end, end);
            }
            if start < range.start {
                self.there.insert(start, range.start);
            }
            taken += end.min(range.end) - start.max(range.start);
        }
        taken
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PAGES: u64 = 10 * PAGE_BYTES;

    fn mapped(calls: &[(Function, u64, u64)]) -> Mappings {
        let mut mappings = Mappings::default();
        for &(function, address, size) in calls {
            mappings.map(function, address, size, NodeId(0));
        }
        mappings
    }

    fn counts(calls: u64, bytes: u64) -> MappingCounts {
        MappingCounts { calls, bytes }
    }

    /// What fails, and what is a file's, is no loss of what was mapped.
    #[test]
    fn only_what_was_mapped_is_unmapped() {
        let mut mappings = mapped(&[(Function::Mmap, PAGES, 5000)]);
        mappings.unmap(Function::Munmap, PAGES + 1, 5000);
        mappings.unmap(Function::Munmap, PAGES, 0);
        mappings.unmap(Function::Munmap, 5 * PAGES, 5000);
        mappings.unmap(Function::Munmap, u64::MAX - 4095, 8192);
        assert_eq!(mappings.unmapped, counts(0, 0));
        mappings.unmap(Function::Munmap, PAGES, 5000);
        mappings.unmap(Function::Munmap, PAGES, 5000);
        assert_eq!(mappings.unmapped, counts(1, 5000));
    }

    /// A file's mapping that moves stays a file's.
    #[test]
    fn a_files_mapping_that_moves_is_not_counted() {
        let mut mappings = mapped(&[(Function::Mmap, PAGES, PAGE_BYTES)]);
        mappings.unmap(Function::Mremap, 5 * PAGES, PAGE_BYTES);
        mappings.map(Function::Mremap, 7 * PAGES, 2 * PAGE_BYTES, NodeId(0));
        assert_eq!(mappings.mapped, counts(1, PAGE_BYTES));
        mappings.unmap(Function::Mremap, PAGES, PAGE_BYTES);
        mappings.map(Function::Mremap, 7 * PAGES, 2 * PAGE_BYTES, NodeId(0));
        assert_eq!(mappings.mapped, counts(2, 3 * PAGE_BYTES));
        assert_eq!(mappings.unmapped, counts(1, PAGE_BYTES));
    }

    /// Parts, neighbours that were mapped apart, and something mapped over what is there.
    #[test]
    fn parts_add_up() {
        let mut mappings = mapped(&[
            (Function::Mmap, PAGES, PAGES),
            (Function::Mmap, 2 * PAGES, PAGES),
            (Function::Mmap, PAGES + PAGES / 2, PAGES),
        ]);
        assert_eq!(mappings.unmapped, counts(0, PAGES));
        mappings.unmap(Function::Munmap, PAGES + PAGE_BYTES, PAGE_BYTES);
        mappings.unmap(Function::Munmap, 0, 10 * PAGES);
        assert_eq!(mappings.unmapped, counts(2, mappings.mapped.bytes));
    }
}
