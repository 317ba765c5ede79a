//! What some call stacks hold over time: in each span of the timeline, when the heap was largest in it.

use super::passing::Passing;
use ldt_trace::Tick;
use rustc_hash::FxHashMap;

/// No picture tells more of them apart.
pub const MOST_LAYERS: usize = 8;

/// More spans than any timeline has; a tick beyond them is of a damaged trace, and counts as in the last.
const MOST_SPANS: usize = 1 << 16;

type Held = [u64; MOST_LAYERS];

/// Chosen sites over time.
#[derive(Debug)]
pub struct Layers {
    start: Tick,
    width_ticks: u64,
    /// Site -> place in [`Held`].
    places: FxHashMap<u32, usize>,
    live_bytes: u64,
    held: Held,
    /// The most that was live in each span, and what the sites held of it.
    spans: Vec<(u64, Held)>,
}

impl Layers {
    /// Nothing is held. Sites beyond [`MOST_LAYERS`] are left out.
    pub(super) fn new(start: Tick, width_ticks: u64, sites: &[u32]) -> Self {
        let places = sites.iter().take(MOST_LAYERS).enumerate();
        Self {
            start,
            width_ticks: width_ticks.max(1),
            places: places.map(|(place, site)| (*site, place)).collect(),
            live_bytes: 0,
            held: [0; MOST_LAYERS],
            spans: vec![(0, [0; MOST_LAYERS])],
        }
    }

    fn reach(&mut self, tick: Tick) {
        let span = tick.saturating_sub(self.start) / self.width_ticks;
        let span = usize::try_from(span)
            .unwrap_or(MOST_SPANS)
            .min(MOST_SPANS - 1);
        if span >= self.spans.len() {
            // What is live when a span begins is live in it.
            self.spans.resize(span + 1, (self.live_bytes, self.held));
        }
    }

    pub(super) fn came(&mut self, block: Passing) {
        self.reach(block.tick);
        self.live_bytes = self.live_bytes.wrapping_add(block.size);
        if let Some(place) = self.places.get(&block.site) {
            self.held[*place] = self.held[*place].wrapping_add(block.size);
        }
        if let Some((most, held)) = self.spans.last_mut()
            && self.live_bytes > *most
        {
            (*most, *held) = (self.live_bytes, self.held);
        }
    }

    pub(super) fn went(&mut self, block: Passing) {
        self.reach(block.tick);
        self.live_bytes = self.live_bytes.wrapping_sub(block.size);
        if let Some(place) = self.places.get(&block.site) {
            self.held[*place] = self.held[*place].wrapping_sub(block.size);
        }
    }

    /// What the site in this place of the list held in each of `count` spans; the last goes on to the end.
    #[must_use]
    pub fn held(&self, place: usize, count: usize) -> Vec<u64> {
        let now = (self.live_bytes, self.held);
        let spans = self.spans.iter().chain(std::iter::repeat(&now));
        spans
            .take(count)
            .map(|(_, held)| held.get(place).copied().unwrap_or(0))
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn block(site: u32, size: u64, tick: Tick) -> Passing {
        Passing {
            address: 0,
            size,
            site,
            tick,
        }
    }

    #[test]
    fn layers_are_what_was_held_when_the_heap_was_largest() {
        let mut layers = Layers::new(100, 10, &[7, 3]);
        layers.came(block(7, 5, 101));
        layers.came(block(3, 2, 102));
        layers.went(block(7, 5, 103));
        layers.came(block(7, 1, 104)); // not as much as before
        layers.came(block(9, 90, 135)); // of none of them
        assert_eq!(layers.held(0, 6), [5, 1, 1, 1, 1, 1]);
        assert_eq!(layers.held(1, 6), [2, 2, 2, 2, 2, 2]);
    }

    #[test]
    fn ticks_of_a_damaged_trace_take_no_memory() {
        let mut layers = Layers::new(100, 1, &[1]);
        layers.came(block(1, 5, u64::MAX));
        layers.came(block(1, 5, 0));
        assert!(layers.spans.len() <= MOST_SPANS);
    }
}
