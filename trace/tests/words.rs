//! Every event that is put into words is read back as it was.

use ldt_trace::words::{self, BlockSink, MAX_EVENT_WORDS, Node, Realloc, Sample};
use ldt_trace::{Blob, BlobKind, Event, Function, NodeId, Tick, Words};
use proptest::prelude::*;

#[path = "../golden/put.rs"]
mod put;

const ADDRESSES: std::ops::Range<u64> = 0..1 << 48;

fn function() -> impl Strategy<Value = Function> {
    prop::sample::select(Function::ALL)
}

fn stack() -> impl Strategy<Value = NodeId> {
    (0..=words::MAX_NODE).prop_map(NodeId)
}

fn size() -> impl Strategy<Value = u64> {
    prop_oneof![0u64..5000, any::<u64>(), Just(u64::from(u32::MAX))]
}

prop_compose! {
    fn node()(
        id in stack(), parent in stack(), ip in ADDRESSES, exact: bool, cut: bool,
        epoch in 0..=words::MAX_EPOCH,
    ) -> Node {
        Node { id, parent, ip, exact, cut, epoch }
    }
}

/// All events but blobs.
fn event() -> impl Strategy<Value = Event<'static>> {
    prop_oneof![
        Just(Event::Stamp),
        (function(), ADDRESSES, size(), 0u32..64, stack()).prop_map(
            |(function, address, size, shift, stack)| Event::Alloc {
                function,
                address,
                size,
                alignment: 1 << shift,
                stack
            }
        ),
        (function(), ADDRESSES, size(), stack()).prop_map(|(function, address, size, stack)| {
            Event::Alloc {
                function,
                address,
                size,
                alignment: 1,
                stack,
            }
        }),
        (function(), ADDRESSES).prop_map(|(function, address)| Event::Free { function, address }),
        (function(), ADDRESSES, ADDRESSES, size(), stack()).prop_map(
            |(function, old, address, size, stack)| Event::Realloc {
                function,
                old,
                address,
                size,
                stack
            }
        ),
        (function(), size(), stack()).prop_map(|(function, size, stack)| Event::Failed {
            function,
            size,
            stack
        }),
        node().prop_map(Event::Node),
        (function(), ADDRESSES, size(), stack()).prop_map(|(function, address, size, stack)| {
            Event::Map {
                function,
                address,
                size,
                stack,
            }
        }),
        (function(), ADDRESSES, size()).prop_map(|(function, address, size)| Event::Unmap {
            function,
            address,
            size
        }),
        (any::<u64>(), any::<u64>()).prop_map(|(monotonic_ns, rss_bytes)| {
            Event::Sample(Sample {
                monotonic_ns,
                rss_bytes,
            })
        }),
        (function(), any::<u64>()).prop_map(|(function, count)| Event::Lost { function, count }),
    ]
}

proptest! {
    #[test]
    fn events_and_their_times_come_back(
        told in prop::collection::vec((event(), prop::option::of(any::<(u64, u64)>())), 0..50),
    ) {
        let mut words = Vec::new();
        let mut expected = Vec::new();
        let mut now = 77;
        for (event, ticks) in told {
            let before = words.len();
            put::event(&mut words, event, ticks);
            let takes_stamp = !matches!(event, Event::Node(_) | Event::Lost { .. });
            prop_assert!(words.len() - before <= MAX_EVENT_WORDS);
            let always = matches!(event, Event::Stamp | Event::Sample(_));
            let own = ticks.or(always.then_some((1, 1))).filter(|_| takes_stamp);
            let both = matches!(event, Event::Realloc { .. });
            let (first, last) = own.map_or((now, now), |(one, two)| (if both { one } else { two }, two));
            now = last;
            expected.push((event, first, last));
        }
        let mut events = Words::new(&words, 77);
        let found: Vec<_> =
            events.by_ref().map(|item| (item.event, item.tick_before, item.tick)).collect();
        prop_assert!(!events.damaged());
        prop_assert_eq!(events.position(), words.len());
        prop_assert_eq!(found, expected);
    }

    #[test]
    fn blobs_come_back(content in prop::collection::vec(any::<u8>(), 0..200)) {
        let mut words = Vec::new();
        words::put_blob(&mut words, BlobKind::Meta, &content);
        prop_assert_eq!(words.len(), words::blob_words(content.len()));
        prop_assert_eq!(Words::length_of_blob(words[0]), Some(words.len()));
        let item = Words::new(&words, 0).next();
        let Some(Event::Blob { kind: BlobKind::Meta, words, bytes }) = item.map(|item| item.event)
        else {
            return Err(TestCaseError::fail("no blob"));
        };
        let blob = Blob::from_words(words, bytes);
        prop_assert_eq!(blob.bytes(), &content[..]);
    }

    #[test]
    fn any_words_are_read_without_a_panic(words in prop::collection::vec(any::<u64>(), 0..40)) {
        let mut events = Words::new(&words, 0);
        let count = events.by_ref().count();
        prop_assert!(count <= words.len());
        prop_assert_eq!(events.damaged(), events.position() < words.len());
    }

    #[test]
    fn words_that_end_inside_an_event_are_damaged_there(
        event in event(), ticks in prop::option::of(any::<(u64, u64)>()),
    ) {
        let mut words = vec![];
        put::event(&mut words, event, ticks);
        words.pop();
        let mut events = Words::new(&words, 0);
        prop_assert!(events.next().is_none());
        prop_assert_eq!(events.damaged(), !words.is_empty());
        prop_assert_eq!(events.position(), 0);
    }
}

#[test]
fn a_blob_that_is_too_long_is_cut_to_what_every_window_holds() {
    let mut words = Vec::new();
    words::put_blob(&mut words, BlobKind::Meta, &[7; words::MAX_BLOB_BYTES + 9]);
    assert_eq!(words.len(), words::blob_words(words::MAX_BLOB_BYTES));
    let item = Words::new(&words, 0).next().expect("a blob");
    assert!(
        matches!(item.event, Event::Blob { bytes, .. } if bytes == words::MAX_BLOB_BYTES),
        "{item:?}"
    );
}

/// Writes down what [`Words::blocks`] hands on.
struct Noted {
    events: Vec<(Tick, Event<'static>)>,
    admitted: Tick,
    /// It refuses what comes after so many.
    room: usize,
}

impl BlockSink for Noted {
    fn admits(&mut self, tick: Tick) -> bool {
        self.admitted = tick;
        true
    }

    fn allocated(
        &mut self,
        function: Function,
        address: u64,
        size: u64,
        stack: NodeId,
        tick: Tick,
    ) -> bool {
        let event = Event::Alloc {
            function,
            address,
            size,
            alignment: 1,
            stack,
        };
        self.note(tick, event)
    }

    fn freed(&mut self, function: Function, address: u64, tick: Tick) -> bool {
        self.note(tick, Event::Free { function, address })
    }

    fn reallocated(&mut self, realloc: Realloc, tick: Tick) -> bool {
        let Realloc {
            function,
            old,
            address,
            size,
            stack,
        } = realloc;
        let event = Event::Realloc {
            function,
            old,
            address,
            size,
            stack,
        };
        self.note(tick, event)
    }

    fn node(&mut self, node: &Node) -> bool {
        self.note(self.admitted, Event::Node(*node))
    }
}

impl Noted {
    fn note(&mut self, tick: Tick, event: Event<'static>) -> bool {
        assert_eq!(tick, self.admitted);
        let is_taken = self.events.len() < self.room;
        if is_taken {
            self.events.push((tick, event));
        }
        is_taken
    }
}

proptest! {
    /// Whatever the words, damaged ones too: first what can be handed on, then what `next` must read.
    #[test]
    fn handing_blocks_on_reads_what_next_reads(
        told in prop::collection::vec((event(), prop::option::of((0u64..90, 0u64..90))), 0..50),
        noise in prop::collection::vec(any::<u64>(), 0..3),
        limit in prop_oneof![Just(Tick::MAX), 0u64..100],
        room in prop_oneof![Just(usize::MAX), 0usize..5],
        most_words in prop_oneof![Just(usize::MAX), 0usize..20],
    ) {
        let mut written = Vec::new();
        for (event, ticks) in &told {
            put::event(&mut written, *event, *ticks);
        }
        written.extend(noise);
        let mut plainly = Words::new(&written, 0);
        let mut words = Words::new(&written, 0);
        loop {
            let mut noted = Noted { events: Vec::new(), admitted: words.tick(), room };
            let before = words.position();
            let is_late = words.tick() >= limit;
            let handed_on = words.blocks(limit, most_words, &mut noted);
            let is_full = noted.events.len() == room;
            let taken = words.position() - before;
            prop_assert!(taken <= most_words);
            let mut handed = noted.events.into_iter();
            for _ in 0..handed_on.events {
                let item = plainly.next().expect("next reads it, too");
                prop_assert!(item.tick.max(item.tick_before) < limit);
                if item.event != Event::Stamp {
                    prop_assert_eq!(Some((item.tick, item.event)), handed.next());
                }
            }
            prop_assert!(handed.next().is_none());
            prop_assert_eq!(words.position(), plainly.position());
            let item = words.next();
            prop_assert_eq!(item, plainly.next());
            prop_assert_eq!(words.damaged(), plainly.damaged());
            let Some(item) = item else {
                break;
            };
            let is_plain = match item.event {
                Event::Alloc { alignment: 1, size, .. } => size <= u64::from(u32::MAX),
                Event::Free { .. } => true,
                _ => false,
            };
            let is_between = matches!(
                item.event,
                Event::Realloc { .. } | Event::Node(_) | Event::Stamp
            );
            if let Some(tick) = handed_on.held_back {
                prop_assert!(is_plain && item.tick == tick && tick >= limit);
            } else {
                let is_beyond = words.position() - before > most_words
                    || is_between && item.tick.max(item.tick_before) >= limit;
                let is_left = !(is_plain || is_between);
                prop_assert!(is_left || is_full || is_beyond || is_late, "{:?} was not handed on", item);
            }
        }
    }
}
