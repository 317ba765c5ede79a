//! Memory that the program took from the kernel itself: anonymous mappings and the break, reported
//! apart from the heap because an allocator's own mappings are among them.

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
    /// What was unmapped.
    pub unmapped: MappingCounts,
    /// Who mapped it.
    pub sites: Sites,
}

impl Mappings {
    /// Memory was mapped.
    pub fn map(&mut self, function: Function, stack: NodeId, size: u64) {
        self.mapped.calls += 1;
        self.mapped.bytes = self.mapped.bytes.wrapping_add(size);
        let site = self.sites.number(stack, function);
        self.sites.get_mut(site).gain(size, slack_bytes(size), 0);
    }

    /// Memory was unmapped.
    pub fn unmap(&mut self, size: u64) {
        self.unmapped.calls += 1;
        self.unmapped.bytes = self.unmapped.bytes.wrapping_add(size);
    }
}
