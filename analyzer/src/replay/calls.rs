//! The table of calls: how often each function of the allocation interface was called, as glibc's
//! `memusage` counts it.

use ldt_trace::Function;

/// Counts of one function.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CallCounts {
    /// Every call, failed ones included.
    pub calls: u64,
    /// Bytes of the calls that succeeded.
    pub bytes: u64,
    /// Calls that gave no memory.
    pub failed: u64,
}

/// Counts of what realloc did to blocks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ReallocCounts {
    /// The block stayed where it was.
    pub in_place: u64,
    /// The block went elsewhere.
    pub moved: u64,
    /// The block became smaller.
    pub shrunk: u64,
    /// A size of 0: the block was freed.
    pub freed: u64,
}

impl ReallocCounts {
    /// Counts one that gave a block.
    #[inline(always)]
    pub(super) fn count(&mut self, is_moved: bool, is_shrunk: bool) {
        if is_moved {
            self.moved += 1;
        } else {
            self.in_place += 1;
        }
        if is_shrunk {
            self.shrunk += 1;
        }
    }
}

/// Counts of all functions.
#[derive(Clone, Debug)]
pub struct Calls {
    by_code: [CallCounts; 256],
    /// What realloc and reallocarray did.
    pub reallocs: ReallocCounts,
}

impl Default for Calls {
    fn default() -> Self {
        Calls {
            by_code: [CallCounts::default(); 256],
            reallocs: ReallocCounts::default(),
        }
    }
}

impl Calls {
    /// The counts of one function.
    #[inline(always)]
    pub fn of(&mut self, function: Function) -> &mut CallCounts {
        &mut self.by_code[usize::from(function as u8)]
    }

    /// The functions that were called, in the order of the format's numbers.
    pub fn all(&self) -> impl Iterator<Item = (Function, CallCounts)> + '_ {
        Function::ALL
            .iter()
            .map(|function| (*function, self.by_code[usize::from(*function as u8)]))
            .filter(|(_, counts)| counts.calls > 0)
    }

    /// All calls that failed.
    #[must_use]
    pub fn failed(&self) -> u64 {
        self.by_code.iter().map(|counts| counts.failed).sum()
    }
}
