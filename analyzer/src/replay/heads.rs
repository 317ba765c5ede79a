//! Which stream's next event is the oldest.
//!
//! A heap in which each entry has four below it: with up to five streams all others are right below
//! the first, so that moving on is one look at each. The binary heap of the standard library takes an
//! entry out and puts it in again, twice its height, and cannot say what the second one is.

use ldt_trace::Tick;

const BELOW: usize = 4;

/// The next tick of each stream that is not at its end, with the stream's number.
#[derive(Debug, Default)]
pub(super) struct Heads(Vec<(Tick, usize)>);

impl Heads {
    /// A stream comes in.
    pub(super) fn push(&mut self, tick: Tick, number: usize) {
        let mut at = self.0.len();
        self.0.push((tick, number));
        while at > 0 && self.0[at] < self.0[(at - 1) / BELOW] {
            self.0.swap(at, (at - 1) / BELOW);
            at = (at - 1) / BELOW;
        }
    }

    /// The oldest, of several the one with the lowest number.
    #[inline(always)]
    pub(super) fn first(&self) -> Option<(Tick, usize)> {
        self.0.first().copied()
    }

    /// The tick of the second oldest, [`Tick::MAX`] if there is none.
    #[inline(always)]
    pub(super) fn second_tick(&self) -> Tick {
        let below = self.0.iter().skip(1).take(BELOW);
        below.fold(Tick::MAX, |least, (tick, _)| least.min(*tick))
    }

    /// The oldest stream has come to `tick`.
    #[inline(always)]
    pub(super) fn move_first(&mut self, tick: Tick) {
        if let Some(first) = self.0.first_mut() {
            first.0 = tick;
            self.sink();
        }
    }

    /// The oldest stream is at its end, or taken out for now.
    pub(super) fn pop_first(&mut self) {
        if !self.0.is_empty() {
            self.0.swap_remove(0);
            self.sink();
        }
    }

    /// Brings the first entry down to where it belongs.
    #[inline(always)]
    fn sink(&mut self) {
        let mut at = 0;
        loop {
            let begin = at * BELOW + 1;
            let end = (begin + BELOW).min(self.0.len());
            let Some(below) = self.0.get(begin..end) else {
                return;
            };
            let mut least = at;
            for (place, entry) in (begin..).zip(below) {
                if *entry < self.0[least] {
                    least = place;
                }
            }
            if least == at {
                return;
            }
            self.0.swap(at, least);
            at = least;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        /// Against sorting all of them anew each time.
        #[test]
        fn the_first_and_the_second_are_what_sorting_gives(
            ticks in prop::collection::vec(0u64..30, 0..40),
            steps in prop::collection::vec(prop::option::of(0u64..20), 0..200),
        ) {
            let mut heads = Heads::default();
            let mut sorted: Vec<(Tick, usize)> = Vec::new();
            for (number, tick) in ticks.into_iter().enumerate() {
                heads.push(tick, number);
                sorted.push((tick, number));
            }
            for step in steps {
                sorted.sort_unstable();
                prop_assert_eq!(heads.first(), sorted.first().copied());
                let second = sorted.get(1).map_or(Tick::MAX, |(tick, _)| *tick);
                prop_assert_eq!(heads.second_tick(), second);
                match (step, sorted.first_mut()) {
                    (Some(by), Some(first)) => {
                        first.0 += by;
                        heads.move_first(first.0);
                    }
                    (None, Some(_)) => {
                        heads.pop_first();
                        sorted.remove(0);
                    }
                    (_, None) => {}
                }
            }
        }
    }
}
