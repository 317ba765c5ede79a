//! LDT's heap, and the blocks of the program's own pools, as marking sees them. Made once the other
//! threads stand still.

use core::ops::Range;

use ldt_trace::finding::Use;

use super::pools::Pools;
use super::seen::{Blocks, Hit, Memory};
use crate::blocks::{self, Span};
use crate::sys::pagemap::each_touched;
use crate::sys::prefetch;
use crate::sys::readable::Faults;

/// Numbers that one entry of the directory answers for.
const PER_ENTRY: usize = 64;

/// See the module.
#[allow(missing_debug_implementations, reason = "nobody prints a heap")]
pub(super) struct Heap {
    spans: Vec<Span>,
    /// For each [`PER_ENTRY`] numbers, the span of the first one.
    directory: Vec<u32>,
    pools: Pools,
    heap_numbers: usize,
}

impl Heap {
    /// Numbers all blocks.
    #[must_use]
    pub(super) fn number() -> Heap {
        let heap_numbers = blocks::number_blocks() as usize;
        let mut spans = Vec::new();
        blocks::each_span(&mut |span| {
            if span.slots() > 0 {
                spans.push(span);
            }
        });
        let mut directory = Vec::with_capacity(heap_numbers / PER_ENTRY + 1);
        for (index, span) in spans.iter().enumerate() {
            let end = span.first_number() as usize + span.slots() as usize;
            while directory.len() * PER_ENTRY < end {
                directory.push(index as u32);
            }
        }
        Heap {
            spans,
            directory,
            pools: Pools::now(),
            heap_numbers,
        }
    }

    fn span_of(&self, number: u32) -> Option<&Span> {
        let first = *self.directory.get(number as usize / PER_ENTRY)? as usize;
        self.spans[first..]
            .iter()
            .take_while(|span| span.first_number() <= u64::from(number))
            .find(|span| u64::from(number) - span.first_number() < u64::from(span.slots()))
    }

    /// Who allocated a block.
    #[must_use]
    pub(super) fn allocated(&self, number: u32) -> Option<Use> {
        if let Some(pool) = self.pool_number(number) {
            return self.pools.allocated(pool);
        }
        let span = self.span_of(number)?;
        span.allocated((u64::from(number) - span.first_number()) as u32)
    }

    /// Notes that a block was met, for the next check; gives whether an earlier one had met it. Once for each block.
    pub(super) fn meet(&self, number: u32) -> bool {
        if let Some(pool) = self.pool_number(number) {
            return self.pools.is_met(pool);
        }
        self.span_of(number)
            .is_some_and(|span| span.meet((u64::from(number) - span.first_number()) as u32))
    }

    /// Every live block with who allocated it.
    pub(super) fn each_allocated(&self, mut visit: impl FnMut(Hit, Use)) {
        for span in &self.spans {
            for slot in 0..span.slots() {
                let (Some((start, size)), Some(allocated)) =
                    (span.live(slot), span.allocated(slot))
                else {
                    continue;
                };
                let hit = Hit {
                    number: (span.first_number() + u64::from(slot)) as u32,
                    start,
                    size,
                };
                if !self.pools.lie_in(&hit) {
                    visit(hit, allocated);
                }
            }
        }
        for index in 0..self.pools.len() {
            let number = (self.heap_numbers + index) as u32;
            if let (Some(hit), Some(allocated)) = (self.get(number), self.pools.allocated(index)) {
                visit(hit, allocated);
            }
        }
    }

    /// The index among the pools' blocks of a number beyond the heap's.
    fn pool_number(&self, number: u32) -> Option<usize> {
        (number as usize).checked_sub(self.heap_numbers)
    }
}

impl Blocks for Heap {
    fn numbers(&self) -> usize {
        self.heap_numbers + self.pools.len()
    }

    #[inline]
    fn find(&self, address: u64) -> Option<Hit> {
        if !self.pools.is_empty()
            && let Some((index, start, size)) = self.pools.find(address)
        {
            return Some(Hit {
                number: (self.heap_numbers + index) as u32,
                start,
                size,
            });
        }
        if !blocks::is_ours(address) {
            return None;
        }
        let place = blocks::locate(address)?;
        let hit = Hit {
            number: place.number() as u32,
            start: place.start,
            size: place.size,
        };
        (!self.pools.lie_in(&hit)).then_some(hit)
    }

    fn get(&self, number: u32) -> Option<Hit> {
        if let Some(pool) = self.pool_number(number) {
            let (start, size) = self.pools.extent(pool)?;
            return Some(Hit {
                number,
                start,
                size,
            });
        }
        let span = self.span_of(number)?;
        let (start, size) = span.live((u64::from(number) - span.first_number()) as u32)?;
        Some(Hit {
            number,
            start,
            size,
        })
    }

    fn each(&self, visit: &mut dyn FnMut(Hit)) {
        self.each_allocated(|hit, _| visit(hit));
    }

    /// Stacks are numbered in the order in which the program first went there, so blocks of stacks with
    /// lower numbers are likely older.
    fn age(&self, number: u32) -> u32 {
        self.allocated(number)
            .map_or(0, |allocated| allocated.stack.0)
    }

    fn prefetch(&self, block: &Hit) {
        prefetch(block.start);
    }
}

impl Memory for Faults {
    #[inline]
    fn read(&self, address: u64, into: &mut [u64]) -> usize {
        Faults::read(self, address, into)
    }

    fn each_part(&self, block: Range<u64>, visit: &mut dyn FnMut(Range<u64>)) {
        // Smaller ones are read sooner than the kernel is asked.
        const ASKED_FROM_BYTES: u64 = 1 << 20;
        if block.end - block.start < ASKED_FROM_BYTES {
            visit(block);
        } else {
            each_touched(block, visit);
        }
    }
}
