//! Sites: a call stack and the function called there, with all that was allocated by it.
//!
//! What a site held at the moment of the heap's peak is known in constant time a change: each new
//! maximum of the whole heap begins a new *epoch*, and a site whose balance is about to change in
//! an epoch that it has not seen yet first notes the balance that it had, which is the one it had
//! when that epoch began, at the peak. Copying all balances at each new maximum would cost the
//! number of sites for nearly every allocation of a growing program.

use super::numbered::Numbered;
use ldt_trace::{Function, NodeId};
use std::collections::HashMap;

/// The blocks of a site, or of anything else, at one moment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Balance {
    /// Bytes asked for, of the blocks live then.
    pub bytes: u64,
    /// How many blocks were live.
    pub blocks: u64,
}

/// What one site did.
#[derive(Clone, Debug)]
pub struct Site {
    /// The call stack, without the function called.
    pub stack: NodeId,
    /// The function called.
    pub function: Function,
    /// Successful allocations.
    pub allocations: u64,
    // What is counted together does not stand together: the compiler would add it as one, at twice the
    // instructions.
    freed_bytes: u64,
    /// Bytes of all allocations.
    pub bytes: u64,
    /// Allocations freed by their thread before its next one.
    pub temporary: u64,
    freed_blocks: u64,
    /// What is live takes so much beyond what was asked for, see [`super::slack`].
    pub slack_bytes: u64,
    at_peak: Balance,
    slack_at_peak_bytes: u64,
    peak_epoch: u64,
    /// The span in which it did something last, see [`super::history`].
    pub(super) noted_span: u32,
}

impl Site {
    /// What is live now: told by what came and went, so that an event changes no balance beside these.
    #[inline]
    #[must_use]
    pub fn live(&self) -> Balance {
        Balance {
            bytes: self.bytes.wrapping_sub(self.freed_bytes),
            blocks: self.allocations.wrapping_sub(self.freed_blocks),
        }
    }

    /// None yet.
    fn blank() -> Self {
        Site {
            stack: NodeId(0),
            function: Function::Malloc,
            allocations: 0,
            bytes: 0,
            temporary: 0,
            freed_bytes: 0,
            freed_blocks: 0,
            slack_bytes: 0,
            slack_at_peak_bytes: 0,
            at_peak: Balance::default(),
            peak_epoch: 0,
            noted_span: 0,
        }
    }

    /// A blank one becomes one.
    fn begin(&mut self, stack: NodeId, function: Function) {
        (self.stack, self.function) = (stack, function);
    }

    #[inline(always)]
    fn settle(&mut self, epoch: u64) {
        if self.peak_epoch != epoch {
            self.at_peak = self.live();
            self.slack_at_peak_bytes = self.slack_bytes;
            self.peak_epoch = epoch;
        }
    }

    /// A block came, which takes `slack` bytes beyond its size.
    #[inline(always)]
    pub fn gain(&mut self, size: u64, slack: u64, epoch: u64) {
        self.settle(epoch);
        self.allocations += 1;
        self.bytes = self.bytes.wrapping_add(size);
        self.slack_bytes = self.slack_bytes.wrapping_add(slack);
    }

    /// A block went, which took `slack` bytes beyond its size.
    #[inline(always)]
    pub fn lose(&mut self, size: u64, slack: u64, epoch: u64) {
        self.settle(epoch);
        self.freed_blocks += 1;
        self.freed_bytes = self.freed_bytes.wrapping_add(size);
        self.slack_bytes = self.slack_bytes.wrapping_sub(slack);
    }

    /// What it held when the epoch before `epoch` ended, that is, at the heap's peak.
    #[must_use]
    pub fn at_peak(&self, epoch: u64) -> Balance {
        if self.peak_epoch == epoch {
            self.at_peak
        } else {
            self.live()
        }
    }

    /// The slack of that.
    #[must_use]
    pub fn slack_at_peak(&self, epoch: u64) -> u64 {
        if self.peak_epoch == epoch {
            self.slack_at_peak_bytes
        } else {
            self.slack_bytes
        }
    }
}

/// The first site of a stack: its number plus one, and behind that, so that one look is enough, the
/// function. 0 is none.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct First(u64);

impl First {
    fn new(number: u32, function: Function) -> Self {
        First((u64::from(number) + 1) << u8::BITS | function as u64)
    }

    /// Its number, if it is of this function. No function has the number 0.
    #[inline(always)]
    pub(super) fn of(self, function: Function) -> Option<u32> {
        let is_it = self.0 as u8 == function as u8;
        is_it.then(|| ((self.0 >> u8::BITS) as u32).wrapping_sub(1))
    }
}

/// So many blank sites are made at a time.
const ROOM: usize = 1024;
/// And for so many stack nodes a place for their first site: of the nodes of a stack, mostly one is called from.
const ROOM_FOR_STACKS: usize = 4096;

/// All sites; a site's number is its place in [`Sites::all`].
#[derive(Debug, Default)]
pub struct Sites {
    /// And some behind them that are still blank, so that a new one moves nothing.
    all: Vec<Site>,
    /// How many are none of those.
    count: usize,
    /// Stack node -> its first site.
    by_stack: Numbered<First>,
    /// The rare stacks from which several functions are called (through a pointer).
    others: HashMap<(NodeId, Function), u32>,
}

impl Sites {
    /// The number of a site, made if it is new.
    #[inline(always)]
    pub fn number(&mut self, stack: NodeId, function: Function) -> u32 {
        let first = *self.by_stack.get(stack.0);
        match first.of(function) {
            Some(number) => number,
            None => self.other(stack, function, first),
        }
    }

    #[cold]
    fn other(&mut self, stack: NodeId, function: Function, first: First) -> u32 {
        let next = self.count as u32;
        let number = if first == First::default() {
            self.by_stack.make_room(stack.0, ROOM_FOR_STACKS);
            *self.by_stack.entry(stack.0) = First::new(next, function);
            next
        } else {
            *self.others.entry((stack, function)).or_insert(next)
        };
        if number == next {
            if self.count == self.all.len() {
                self.all.resize(self.count + ROOM, Site::blank());
            }
            self.all[self.count].begin(stack, function);
            self.count += 1;
        }
        number
    }

    /// All of it, to be worked on while nothing moves.
    #[inline]
    pub(super) fn tables(&mut self) -> Tables<'_> {
        Tables {
            first: self.by_stack.dense(),
            sites: &mut self.all,
            count: &mut self.count,
        }
    }

    /// A site by its number.
    #[inline]
    pub fn get_mut(&mut self, number: u32) -> &mut Site {
        &mut self.all[number as usize]
    }

    /// Every site.
    #[must_use]
    pub fn all(&self) -> &[Site] {
        &self.all[..self.count]
    }
}

/// The tables of the sites while nothing moves.
pub(super) struct Tables<'s> {
    /// By stack node: its first site. There may be fewer than nodes.
    first: &'s mut [First],
    /// By number, and behind them some blank ones.
    pub(super) sites: &'s mut [Site],
    count: &'s mut usize,
}

impl Tables<'_> {
    /// No site will have this number or a higher one.
    pub(super) fn limit(self, numbers: usize) -> Self {
        let most = self.sites.len().min(numbers);
        Tables {
            sites: &mut self.sites[..most],
            ..self
        }
    }

    /// The number of a site, made if it is new; `None` when [`Sites::number`] has to do that.
    #[inline(always)]
    pub(super) fn number(&mut self, stack: NodeId, function: Function) -> Option<u32> {
        let first = self.first.get(stack.0 as usize)?;
        first
            .of(function)
            .or_else(|| Self::begin(self.first, self.sites, self.count, stack, function))
    }

    /// A stack's first site. Not told of the tables as a whole: what is kept beside them could not stay in registers.
    #[inline(never)]
    fn begin(
        first: &mut [First],
        sites: &mut [Site],
        count: &mut usize,
        stack: NodeId,
        function: Function,
    ) -> Option<u32> {
        let first = first.get_mut(stack.0 as usize)?;
        let site = sites.get_mut(*count)?;
        if *first != First::default() {
            return None;
        }
        let number = *count as u32;
        *first = First::new(number, function);
        site.begin(stack, function);
        *count += 1;
        Some(number)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_stack_can_call_several_functions() {
        let mut sites = Sites::default();
        let malloc = sites.number(NodeId(5), Function::Malloc);
        let calloc = sites.number(NodeId(5), Function::Calloc);
        assert_ne!(malloc, calloc);
        assert_eq!(sites.number(NodeId(5), Function::Malloc), malloc);
        assert_eq!(sites.number(NodeId(5), Function::Calloc), calloc);
        assert_eq!(sites.all().len(), 2);
    }

    #[test]
    fn the_peak_keeps_its_slack() {
        let mut sites = Sites::default();
        let [first, second] = [1, 2].map(|stack| sites.number(NodeId(stack), Function::Malloc));
        sites.get_mut(first).gain(25, 15, 0);
        sites.get_mut(second).gain(1, 23, 1);
        sites.get_mut(first).lose(25, 15, 2);
        sites.get_mut(second).gain(24, 0, 2);
        let slack = |site: &Site| (site.slack_at_peak(2), site.slack_bytes);
        assert_eq!(
            sites.all().iter().map(slack).collect::<Vec<_>>(),
            [(15, 0), (23, 23)]
        );
    }

    proptest! {
        /// The epochs give what copying every balance at each new maximum gives.
        #[test]
        fn peaks_agree_with_copying_everything(steps in prop::collection::vec(
            (0u32..5, 1u64..50, any::<bool>()), 1..300)
        ) {
            let mut sites = Sites::default();
            for stack in 0..5 {
                sites.number(NodeId(stack), Function::Malloc);
            }
            let (mut live, mut peak, mut epoch) = (0, 0, 0);
            let mut blocks: Vec<(u32, u64)> = Vec::new();
            let mut oracle = vec![Balance::default(); 5];
            for (number, size, is_allocation) in steps {
                if is_allocation {
                    blocks.push((number, size));
                    live += size;
                    sites.get_mut(number).gain(size, 0, epoch);
                    if live > peak {
                        peak = live;
                        epoch += 1;
                        oracle = sites.all().iter().map(|site| site.live()).collect();
                    }
                } else if !blocks.is_empty() {
                    let (number, size) = blocks.swap_remove(size as usize % blocks.len());
                    live -= size;
                    sites.get_mut(number).lose(size, 0, epoch);
                }
            }
            let at_peak: Vec<_> = sites.all().iter().map(|site| site.at_peak(epoch)).collect();
            prop_assert_eq!(at_peak, oracle);
        }
    }
}
