//! All threads' events in the order in which they happened.
//!
//! Each thread's stream is in order by itself, so the streams are merged by tick. A stream runs on
//! its own as long as its events are older than the next event of every other stream: with one
//! thread, or where one thread works and the others wait, merging costs nothing.
//!
//! Ticks are coarser than events, so events of different threads may bear the same tick. Then one
//! that is possible goes first: what is freed is live, where something is allocated nothing is.
//! Two threads that hand the same address to and fro several times within one tick could still be
//! told wrongly; that takes longer than a tick lasts.

use super::heads::Heads;
use super::recorder::{NewHalf, OfThread, Recorder};
use ldt_trace::{Item, Tick, Words};

/// Where a thread's words come from, piece by piece.
pub(super) trait Source {
    /// The words will soon be wanted.
    fn prepare(&mut self);
    /// The next piece's words, none at the end. `spent` is the piece before, to be used again.
    fn next(&mut self, spent: Vec<u64>) -> Option<Vec<u64>>;
}

/// Something to do when a time is reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Action {
    /// From here on allocations count.
    StartCounting,
    /// Keep the balances.
    Snapshot,
    /// About a quarter of all has been taken.
    Look,
    /// Nothing after this matters.
    Stop,
}

/// How many streams that have not begun are prepared ahead.
const PREPARED_AHEAD: usize = 4;

/// A thread's events.
pub(super) struct Stream<S> {
    /// The thread's number in the recorder.
    thread: usize,
    /// Not after the stream's first event.
    first_tick: Tick,
    source: S,
    words: Vec<u64>,
    at: usize,
    /// The tick of the last event taken.
    tick: Tick,
    half: Option<NewHalf>,
}

impl<S: Source> Stream<S> {
    pub(super) fn new(thread: usize, first_tick: Tick, source: S) -> Self {
        Stream {
            thread,
            first_tick,
            source,
            words: Vec::new(),
            at: 0,
            tick: first_tick,
            half: None,
        }
    }

    /// Takes events while they are older than `limit`; gives the tick of the first that is not,
    /// none at the end of the stream.
    fn run(&mut self, recorder: &mut Recorder, limit: Tick) -> Option<Tick> {
        if let Some(half) = self.half {
            if half.tick >= limit {
                return Some(half.tick);
            }
            self.half = None;
            recorder.take_new_half(self.thread, &half);
        }
        loop {
            let mut words = Words::new(&self.words[self.at..], self.tick);
            loop {
                let (heap, thread) = (&mut recorder.heap, self.thread);
                let handed_on = heap
                    .take_plain(thread, &mut recorder.stacks, &mut words, limit)
                    .unwrap_or_else(|| {
                        words.blocks(limit, usize::MAX, &mut OfThread { heap, thread })
                    });
                recorder.events += handed_on.events;
                let taken = words.position();
                self.tick = words.tick();
                if let Some(next) = handed_on.held_back {
                    self.at += taken;
                    return Some(next);
                }
                let Some(item) = words.next() else {
                    break;
                };
                if item.tick.max(item.tick_before) >= limit {
                    self.at += taken;
                    return Some(self.hold_back(recorder, limit));
                }
                recorder.take(thread, &item);
                recorder.events += 1;
                self.tick = item.tick;
            }
            recorder.unreadable_pieces += u64::from(words.damaged());
            if !self.refill() {
                return None;
            }
        }
    }

    /// The next event is not older than `limit`, or is a realloc that began before `limit` and
    /// ended after it, of which only the first half is taken.
    #[cold]
    fn hold_back(&mut self, recorder: &mut Recorder, limit: Tick) -> Tick {
        let Some((item, words)) = self.peek() else {
            return limit;
        };
        if item.tick_before >= limit {
            return item.tick_before;
        }
        let tick = item.tick;
        let half = recorder.take_old_half(self.thread, &item);
        self.half = half;
        recorder.events += 1;
        self.at += words;
        self.tick = tick;
        tick
    }

    /// The next event in the words at hand, and how many words it takes.
    #[inline]
    fn peek(&self) -> Option<(Item<'_>, usize)> {
        let mut words = Words::new(&self.words[self.at..], self.tick);
        let item = words.next()?;
        Some((item, words.position()))
    }

    /// Whether what comes next in this stream is possible now.
    fn is_possible(&self, recorder: &mut Recorder) -> bool {
        match (self.half, self.peek()) {
            (Some(half), _) => recorder.is_half_possible(&half),
            (None, Some((item, _))) => recorder.is_possible(&item.event),
            (None, None) => true,
        }
    }

    /// Takes one event, or one half of a realloc; gives the tick of the next.
    fn step(&mut self, recorder: &mut Recorder) -> Option<Tick> {
        if let Some(half) = self.half.take() {
            recorder.take_new_half(self.thread, &half);
        } else if let Some((item, words)) = self.peek() {
            let tick = item.tick;
            let half = recorder.take_old_half(self.thread, &item);
            if half.is_none() {
                recorder.take(self.thread, &item);
            }
            self.half = half;
            recorder.events += 1;
            self.tick = tick;
            self.at += words;
        }
        self.next_tick(recorder)
    }

    /// The tick of the next event, none at the end of the stream.
    fn next_tick(&mut self, recorder: &mut Recorder) -> Option<Tick> {
        if let Some(half) = self.half {
            return Some(half.tick);
        }
        loop {
            if let Some((item, _)) = self.peek() {
                return Some(item.tick_before);
            }
            recorder.unreadable_pieces += u64::from(self.at < self.words.len());
            if !self.refill() {
                return None;
            }
        }
    }

    fn refill(&mut self) -> bool {
        self.at = 0;
        match self.source.next(std::mem::take(&mut self.words)) {
            Some(words) => self.words = words,
            None => return false,
        }
        true
    }
}

/// Replays all streams. `breakpoints` are in the order of time.
pub(super) fn merge<S: Source>(
    mut streams: Vec<Stream<S>>,
    recorder: &mut Recorder,
    breakpoints: &[(Tick, Action)],
    mut act: impl FnMut(&mut Recorder, Tick, Action),
) {
    streams.sort_by_key(|stream| stream.first_tick);
    let mut breakpoints = breakpoints.iter().copied().peekable();
    let mut heads = Heads::default();
    for (number, stream) in streams.iter().enumerate() {
        heads.push(stream.first_tick, number);
    }
    let mut prepared = 0;
    let mut tied = Vec::new();
    while let Some((tick, number)) = heads.first() {
        while let Some((at, action)) = breakpoints.next_if(|(at, _)| *at <= tick) {
            act(recorder, at, action);
            if action == Action::Stop {
                return;
            }
        }
        while prepared < streams.len() && prepared <= number + PREPARED_AHEAD {
            streams[prepared].source.prepare();
            prepared += 1;
        }
        recorder.last_tick = recorder.last_tick.max(tick);
        let next_head = heads.second_tick();
        if tick < next_head {
            let limit = breakpoints
                .peek()
                .map_or(next_head, |(at, _)| next_head.min(*at));
            match streams[number].run(recorder, limit) {
                Some(next) => heads.move_first(next),
                None => {
                    heads.pop_first();
                    recorder.last_tick = recorder.last_tick.max(streams[number].tick);
                }
            }
            continue;
        }
        while let Some((_, also)) = heads.first().filter(|(at, _)| *at == tick) {
            tied.push(also);
            heads.pop_first();
        }
        untie(&mut streams, recorder, &mut tied, tick, |next, number| {
            heads.push(next, number);
        });
    }
}

/// Takes, of streams whose next events bear the same tick, all events of that tick.
fn untie<S: Source>(
    streams: &mut [Stream<S>],
    recorder: &mut Recorder,
    tied: &mut Vec<usize>,
    tick: Tick,
    mut later: impl FnMut(Tick, usize),
) {
    // What a stream gave as its first tick may be before its first event.
    tied.retain(|number| match streams[*number].next_tick(recorder) {
        Some(next) if next > tick => {
            later(next, *number);
            false
        }
        next => next.is_some(),
    });
    while !tied.is_empty() {
        let possible = tied
            .iter()
            .position(|number| streams[*number].is_possible(recorder));
        let place = possible.unwrap_or(0);
        let number = tied[place];
        match streams[number].step(recorder) {
            Some(next) if next <= tick => {}
            next => {
                tied.swap_remove(place);
                if let Some(next) = next {
                    later(next, number);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::replay::clock::Clock;
    use ldt_trace::{Function, NodeId, words};
    use proptest::prelude::*;
    use std::collections::{HashMap, VecDeque};

    const STACK: NodeId = NodeId(1);
    const SIZE: u64 = 10;

    struct Pieces(VecDeque<Vec<u64>>);

    impl Source for Pieces {
        fn prepare(&mut self) {}
        fn next(&mut self, _spent: Vec<u64>) -> Option<Vec<u64>> {
            self.0.pop_front()
        }
    }

    fn recorder(threads: usize) -> Recorder {
        let mut recorder = Recorder::new(0, Clock::without_rate(0), true);
        for tid in 0..threads {
            recorder.heap.add_thread(tid as u32, tid as u32, false);
        }
        recorder
    }

    fn replay(threads: Vec<Vec<Vec<u64>>>, breakpoints: &[(Tick, Action)]) -> (Recorder, Vec<u64>) {
        let mut recorder = recorder(threads.len());
        let mut allocations_at_breakpoints = Vec::new();
        let streams = threads.into_iter().enumerate();
        let streams = streams.map(|(n, pieces)| Stream::new(n, 0, Pieces(pieces.into())));
        merge(
            streams.collect(),
            &mut recorder,
            breakpoints,
            |recorder, _, _| {
                let done = recorder
                    .heap
                    .threads
                    .iter()
                    .map(|thread| thread.allocations);
                allocations_at_breakpoints.push(done.sum());
            },
        );
        (recorder, allocations_at_breakpoints)
    }

    fn alloc(words: &mut Vec<u64>, address: u64, tick: Tick) {
        words::put_alloc(words, Function::Malloc, address, SIZE, 1, STACK, Some(tick));
    }

    fn free(words: &mut Vec<u64>, address: u64, tick: Tick) {
        words::put_free(words, Function::Free, address, Some(tick));
    }

    #[test]
    fn a_free_goes_before_the_reuse_at_the_same_tick() {
        let (mut user, mut other) = (Vec::new(), Vec::new());
        alloc(&mut other, 0x10, 1);
        alloc(&mut user, 0x10, 5);
        free(&mut other, 0x10, 5);
        let (recorder, _) = replay(vec![vec![user], vec![other]], &[]);
        assert_eq!(recorder.heap.mismatches, Default::default());
        assert_eq!(recorder.heap.live().blocks, 1);
    }

    #[test]
    fn what_happens_during_a_realloc_goes_between_its_halves() {
        let (mut user, mut other) = (Vec::new(), Vec::new());
        alloc(&mut user, 0x10, 1);
        let moved = (0x10, 0x20, Some((2, 9)));
        words::put_realloc(
            &mut user,
            Function::Realloc,
            moved.0,
            moved.1,
            SIZE,
            STACK,
            moved.2,
        );
        alloc(&mut other, 0x10, 4);
        free(&mut other, 0x10, 6);
        let (recorder, _) = replay(vec![vec![user], vec![other]], &[]);
        assert_eq!(recorder.heap.mismatches, Default::default());
        assert_eq!(recorder.heap.peak.tick, 1);
        assert_eq!(recorder.heap.calls.reallocs.moved, 1);
    }

    #[test]
    fn breakpoints_come_before_the_first_event_at_their_time() {
        let mut words = Vec::new();
        for tick in 1..10 {
            alloc(&mut words, tick * 16, tick);
        }
        let breakpoints = [(4, Action::Snapshot), (7, Action::Stop)];
        let (recorder, done) = replay(vec![vec![words]], &breakpoints);
        assert_eq!(done, [3, 6]);
        assert_eq!(recorder.heap.live().blocks, 6);
    }

    #[test]
    fn words_that_are_no_event_end_their_piece_only() {
        let (mut bad, mut good) = (Vec::new(), Vec::new());
        alloc(&mut bad, 0x10, 1);
        bad.push(0);
        alloc(&mut bad, 0x30, 2);
        alloc(&mut good, 0x20, 3);
        let (recorder, _) = replay(vec![vec![bad, good]], &[]);
        assert_eq!(
            (recorder.heap.live().blocks, recorder.unreadable_pieces),
            (2, 1)
        );
    }

    /// What a true sequence of events, seen by someone with a perfect clock, leaves behind.
    #[derive(Default)]
    struct World {
        tick: Tick,
        /// Address -> how often it changed hands at the present tick.
        changes: HashMap<u64, u32>,
        live: Vec<u64>,
        /// By thread: old address, and the tick before.
        reallocs: HashMap<usize, (u64, Tick)>,
        threads: Vec<Vec<u64>>,
    }

    impl World {
        fn advance(&mut self) {
            self.tick += 1;
            self.changes.clear();
        }

        /// An address may go from hand to hand once within a tick.
        fn change(&mut self, address: u64) {
            if self
                .changes
                .get(&address)
                .is_some_and(|changes| *changes == 2)
            {
                self.advance();
            }
            *self.changes.entry(address).or_default() += 1;
        }

        fn act(&mut self, thread: usize, address: u64, is_realloc: bool) {
            let place = self.live.iter().position(|live| *live == address);
            let reallocating = self.reallocs.get(&thread).copied();
            match (place, reallocating) {
                (None, Some((old, before))) => {
                    self.change(address);
                    self.reallocs.remove(&thread);
                    self.live.push(address);
                    let ticks = Some((before, self.tick));
                    let words = &mut self.threads[thread];
                    words::put_realloc(words, Function::Realloc, old, address, SIZE, STACK, ticks);
                }
                (Some(_), Some(_)) => {}
                (Some(place), None) => {
                    self.change(address);
                    self.live.swap_remove(place);
                    if is_realloc {
                        self.reallocs.insert(thread, (address, self.tick));
                    } else {
                        free(&mut self.threads[thread], address, self.tick);
                    }
                }
                (None, None) => {
                    self.change(address);
                    self.live.push(address);
                    alloc(&mut self.threads[thread], address, self.tick);
                }
            }
        }
    }

    proptest! {
        /// However threads interleave within a tick, nothing is freed that is not live and nothing
        /// allocated where something is.
        #[test]
        fn coarse_ticks_still_give_a_possible_order(steps in prop::collection::vec(
            (0usize..4, 1u64..6, prop::bool::weighted(0.3), prop::bool::weighted(0.2)), 1..300)
        ) {
            let mut world = World { threads: vec![Vec::new(); 4], ..World::default() };
            for (thread, address, is_realloc, is_later) in steps {
                if is_later {
                    world.advance();
                }
                world.act(thread, address * 16, is_realloc);
            }
            for thread in 0..4 {
                world.act(thread, 0x1000 + thread as u64 * 16, false);
            }
            let expected = world.live.len() as u64;
            let threads = world.threads.into_iter().map(|words| vec![words]).collect();
            let (recorder, _) = replay(threads, &[]);
            prop_assert_eq!(recorder.heap.mismatches, Default::default());
            prop_assert_eq!(recorder.heap.live().blocks, expected);
            prop_assert_eq!(recorder.heap.live().bytes, expected * SIZE);
        }
    }
}
