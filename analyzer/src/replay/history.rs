//! What each site, thread and size class had done by the end of each of some hundred spans of time,
//! so that any stretch of the run can be told from the rest afterwards: its figures are those at
//! its end less those at its beginning.
//!
//! Kept sparsely, as the peak is (see [`super::sites`]): a site whose figures are about to change
//! in a span that it has not seen yet first notes the figures that it had, which are those at the
//! end of the last span in which it did something. So a site costs one mark for each span in which
//! it was busy, and an event costs one compare. A table of spans times sites would be mostly
//! copies of itself: 50,000 sites in 512 spans are a gigabyte.
//!
//! The spans are as wide as the length of the trace makes them. When the trace turns out longer,
//! or too many sites are busy all the time, each two spans become one and the later mark stays.

use super::sites::{Balance, Site, Sites};
use super::sizes::{SizeClass, Sizes};
use super::thread_totals::ThreadTotals;
use ldt_trace::Tick;

/// More marks than this make spans wider: they are 56 bytes here, and about 9 in a page.
const MOST_MARKS: usize = 1 << 19;

/// What a site had done at a moment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SiteFigures {
    /// Successful allocations.
    pub allocations: u64,
    /// Bytes of these.
    pub bytes: u64,
    /// Those freed by their thread before its next one.
    pub temporary: u64,
    /// What it held.
    pub live: Balance,
    /// What that took beyond what was asked for.
    pub slack_bytes: u64,
}

/// What a thread had done at a moment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ThreadFigures {
    /// Successful allocations.
    pub allocations: u64,
    /// Bytes of these.
    pub bytes: u64,
    /// Blocks it freed.
    pub frees: u64,
    /// Its allocations that it freed before its next one.
    pub temporary: u64,
}

/// How many allocations of a size class there had been at a moment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SizeFigures {
    /// Allocations.
    pub count: u64,
    /// Bytes of these.
    pub bytes: u64,
}

/// The figures of a site, a thread or a size class at the end of a span in which they changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mark<F> {
    /// Number of the site or thread; of a size class, the bits that its sizes take.
    pub of: u32,
    /// Number of the span.
    pub span: u32,
    /// All since the start of the trace.
    pub figures: F,
}

/// Marks of everything that changed, span by span.
#[derive(Debug)]
pub struct History {
    start: Tick,
    width: u64,
    most_spans: u32,
    /// The span that events are in now.
    span: u32,
    /// The first tick that is not in it.
    until: Tick,
    /// In the order of time; a site's own are in the order of spans.
    pub sites: Vec<Mark<SiteFigures>>,
    /// In the order of spans.
    pub threads: Vec<Mark<ThreadFigures>>,
    /// In the order of spans.
    pub sizes: Vec<Mark<SizeFigures>>,
    /// The count of each size class at its last mark.
    marked_sizes: [u64; 65],
}

impl History {
    /// Keeps nothing.
    #[must_use]
    pub fn none() -> Self {
        History {
            start: 0,
            width: 1,
            most_spans: 0,
            span: 0,
            until: Tick::MAX,
            sites: Vec::new(),
            threads: Vec::new(),
            sizes: Vec::new(),
            marked_sizes: [0; 65],
        }
    }

    /// Keeps at most `most_spans` spans of a trace that begins at `start` and probably ends at `end`.
    #[must_use]
    pub fn new(start: Tick, end: Tick, most_spans: u32) -> Self {
        let most_spans = most_spans.max(2);
        let width = end.saturating_sub(start) / u64::from(most_spans) + 1;
        History {
            start,
            width,
            most_spans,
            until: start.saturating_add(width),
            ..History::none()
        }
    }

    /// Whether anything is kept.
    #[must_use]
    pub fn is_kept(&self) -> bool {
        self.most_spans > 0
    }

    /// The first tick of each span, and the one after the last span.
    pub fn edges(&self) -> impl Iterator<Item = Tick> + '_ {
        let spans = u64::from(self.span) + 1;
        (0..=spans).map(|span| self.start.saturating_add(span.saturating_mul(self.width)))
    }

    /// The first tick that is not in the present span.
    pub(super) fn until(&self) -> Tick {
        self.until
    }

    /// Whether an event at this tick is in a later span than the one before.
    #[inline]
    pub(super) fn is_over(&self, tick: Tick) -> bool {
        tick >= self.until
    }

    /// A site's figures are about to change.
    #[inline(always)]
    pub(super) fn note(&mut self, number: u32, site: &mut Site) {
        if site.noted_span != self.span {
            self.push(number, site);
            site.noted_span = self.span;
        }
    }

    #[cold]
    fn push(&mut self, number: u32, site: &Site) {
        if site.allocations > 0 {
            self.sites.push(Mark {
                of: number,
                span: site.noted_span,
                figures: SiteFigures {
                    allocations: site.allocations,
                    bytes: site.bytes,
                    temporary: site.temporary,
                    live: site.live(),
                    slack_bytes: site.slack_bytes,
                },
            });
        }
    }

    /// Time has come to `tick`, which is in a later span.
    #[cold]
    pub(super) fn advance(
        &mut self,
        tick: Tick,
        sites: &mut Sites,
        threads: &mut [ThreadTotals],
        sizes: &Sizes,
    ) {
        if !self.is_kept() {
            return;
        }
        self.mark_threads(threads);
        self.mark_sizes(sizes);
        let since = tick.saturating_sub(self.start);
        while since / self.width >= u64::from(self.most_spans) || self.is_full(sites) {
            self.widen(sites);
        }
        // The quotient is below most_spans now.
        self.span = (since / self.width) as u32;
        let end = (u64::from(self.span) + 1).saturating_mul(self.width);
        self.until = self.start.saturating_add(end);
    }

    fn is_full(&self, sites: &Sites) -> bool {
        let marks = self.sites.len() + self.threads.len() + self.sizes.len();
        // Joining spans leaves at least one mark each, so beyond that it is no use.
        self.span > 1 && marks > MOST_MARKS.max(2 * sites.all().len())
    }

    /// Each two spans become one.
    fn widen(&mut self, sites: &mut Sites) {
        self.width = self.width.saturating_mul(2);
        self.span /= 2;
        for number in 0..sites.all().len() as u32 {
            sites.get_mut(number).noted_span /= 2;
        }
        // What a site has not noted yet will be its mark for the span that it was busy in last.
        let pending = sites.all().iter().map(|site| Some(site.noted_span));
        join(&mut self.sites, pending.collect());
        join(&mut self.threads, Vec::new());
        join(&mut self.sizes, Vec::new());
    }

    fn mark_threads(&mut self, threads: &mut [ThreadTotals]) {
        for (number, thread) in threads.iter_mut().enumerate() {
            let done = thread.allocations + thread.frees;
            if thread.marked != done {
                thread.marked = done;
                self.threads.push(Mark {
                    of: number as u32,
                    span: self.span,
                    figures: ThreadFigures {
                        allocations: thread.allocations,
                        bytes: thread.bytes,
                        frees: thread.frees,
                        temporary: thread.temporary,
                    },
                });
            }
        }
    }

    fn mark_sizes(&mut self, sizes: &Sizes) {
        for class in sizes.classes() {
            let SizeClass { first, count, .. } = class;
            let bits = u64::BITS - first.leading_zeros();
            let marked = &mut self.marked_sizes[bits as usize];
            if *marked != count {
                *marked = count;
                self.sizes.push(Mark {
                    of: bits,
                    span: self.span,
                    figures: SizeFigures {
                        count,
                        bytes: class.bytes,
                    },
                });
            }
        }
    }

    /// No more events: the figures as they are now are everyone's last mark.
    pub(super) fn finish(
        &mut self,
        sites: &mut Sites,
        threads: &mut [ThreadTotals],
        sizes: &Sizes,
    ) {
        if !self.is_kept() {
            return;
        }
        self.mark_threads(threads);
        self.mark_sizes(sizes);
        for number in 0..sites.all().len() as u32 {
            self.push(number, sites.get_mut(number));
        }
    }
}

/// Halves the numbers of spans; of marks of the same in one span, the last stays. `later` are spans
/// of marks that are still to come.
fn join<F: Copy>(marks: &mut Vec<Mark<F>>, mut later: Vec<Option<u32>>) {
    let most = marks.iter().map(|mark| mark.of).max();
    let count = most.map_or(0, |most| most as usize + 1);
    later.resize(later.len().max(count), None);
    let mut kept = Vec::with_capacity(marks.len());
    for mark in marks.iter().rev() {
        let span = mark.span / 2;
        let later = &mut later[mark.of as usize];
        if *later != Some(span) {
            *later = Some(span);
            kept.push(Mark { span, ..*mark });
        }
    }
    kept.reverse();
    *marks = kept;
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::replay::heap::Heap;
    use crate::replay::slack::usable_bytes;
    use ldt_trace::{Function, NodeId};
    use proptest::prelude::*;

    fn slack_bytes(size: i64) -> u64 {
        usable_bytes(size.cast_unsigned()) - size.cast_unsigned()
    }

    /// The simplest bookkeeping: every event, looked through anew for each question.
    #[derive(Default)]
    struct Oracle(Vec<(Tick, u32, i64)>);

    impl Oracle {
        fn figures(&self, site: u32, before: Tick) -> SiteFigures {
            let mut figures = SiteFigures::default();
            for (_, _, size) in self
                .0
                .iter()
                .filter(|(tick, of, _)| *of == site && *tick < before)
            {
                if *size >= 0 {
                    figures.allocations += 1;
                    figures.bytes += size.cast_unsigned();
                    figures.live.blocks += 1;
                    figures.slack_bytes += slack_bytes(*size);
                } else {
                    figures.live.blocks -= 1;
                    figures.slack_bytes -= slack_bytes(-*size);
                }
                figures.live.bytes = figures.live.bytes.wrapping_add_signed(*size);
            }
            figures
        }
    }

    proptest! {
        /// However long the trace turns out to be, every site's figures at every edge are right.
        #[test]
        fn figures_at_edges_agree_with_looking_at_every_event(
            steps in prop::collection::vec((0u64..400, 0u32..4, 1u64..50, any::<bool>()), 1..300),
            guess in prop::sample::select(vec![1u64, 1_000, 60_000, 10_000_000]),
        ) {
            let start = 700;
            let mut heap = Heap::new(start, true);
            heap.history = History::new(start, start + guess, 16);
            heap.add_thread(1, 1, false);
            let mut oracle = Oracle::default();
            let mut blocks: Vec<(u64, u32, u64)> = Vec::new();
            let mut tick = start;
            for (number, (wait, site, size, is_allocation)) in steps.into_iter().enumerate() {
                tick += wait;
                if is_allocation {
                    let address = 0x1000 + number as u64 * 64;
                    heap.allocated(0, Function::Malloc, address, size, NodeId(site + 1), tick);
                    blocks.push((address, site, size));
                    oracle.0.push((tick, site, size.cast_signed()));
                } else if !blocks.is_empty() {
                    let (address, site, size) = blocks.swap_remove(size as usize % blocks.len());
                    heap.freed(0, address, tick);
                    oracle.0.push((tick, site, -size.cast_signed()));
                }
            }
            heap.finish();
            let edges: Vec<Tick> = heap.history.edges().collect();
            prop_assert!(edges.len() <= 17);
            let last_event = oracle.0.last().map_or(0, |(tick, _, _)| *tick);
            prop_assert!(*edges.last().unwrap_or(&0) > last_event);
            for (number, site) in heap.sites.all().iter().enumerate() {
                for (span, end) in edges.iter().skip(1).enumerate() {
                    let mut marks = heap.history.sites.iter();
                    let is_before =
                        |mark: &&Mark<SiteFigures>| mark.of as usize == number && mark.span as usize <= span;
                    let last = marks.rfind(is_before);
                    let told = last.map_or(SiteFigures::default(), |mark| mark.figures);
                    let expected = oracle.figures(site.stack.0 - 1, *end);
                    let told = SiteFigures { temporary: 0, ..told };
                    prop_assert_eq!(told, expected);
                }
            }
            let allocations: u64 = heap.sites.all().iter().map(|site| site.allocations).sum();
            let of_thread = heap.history.threads.last().map_or(0, |mark| mark.figures.allocations);
            prop_assert_eq!(of_thread, allocations);
        }
    }

    #[test]
    fn a_site_that_rests_costs_nothing() {
        let mut heap = Heap::new(0, true);
        heap.history = History::new(0, 1_000, 10);
        heap.add_thread(1, 1, false);
        heap.allocated(0, Function::Malloc, 0x10, 1, NodeId(1), 5);
        for number in 0..100 {
            heap.allocated(
                0,
                Function::Malloc,
                0x1000 + number * 16,
                1,
                NodeId(2),
                number * 10,
            );
        }
        heap.finish();
        let of_first = heap.history.sites.iter().filter(|mark| mark.of == 0);
        assert_eq!(of_first.count(), 1);
    }

    #[test]
    fn none_keeps_nothing() {
        let mut heap = Heap::new(0, true);
        heap.add_thread(1, 1, false);
        heap.allocated(0, Function::Malloc, 0x10, 1, NodeId(1), Tick::MAX);
        heap.finish();
        assert!(heap.history.sites.is_empty() && heap.history.threads.is_empty());
    }
}
