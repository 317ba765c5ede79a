//! Words of any event, for those who have it whole. The library puts each kind by its own function.

use ldt_trace::{Blob, Event, Tick, words};

/// Puts any event, with the times before and after it; a stamp or a sample without one is of time 1.
pub(crate) fn event(sink: &mut Vec<u64>, event: Event<'_>, ticks: Option<(Tick, Tick)>) {
    let tick = ticks.map(|(_, after)| after);
    match event {
        Event::Stamp => words::put_stamp(sink, tick.unwrap_or(1)),
        Event::Alloc {
            function,
            address,
            size,
            alignment,
            stack,
        } => words::put_alloc(sink, function, address, size, alignment, stack, tick),
        Event::Free { function, address } => words::put_free(sink, function, address, tick),
        Event::Realloc {
            function,
            old,
            address,
            size,
            stack,
        } => words::put_realloc(sink, function, old, address, size, stack, ticks),
        Event::Failed {
            function,
            size,
            stack,
        } => words::put_failed(sink, function, size, stack, tick),
        Event::Node(node) => words::put_node(sink, &node),
        Event::Map {
            function,
            address,
            size,
            stack,
        } => words::put_map(sink, function, address, size, stack, tick),
        Event::Unmap {
            function,
            address,
            size,
        } => words::put_unmap(sink, function, address, size, tick),
        Event::Sample(sample) => words::put_sample(sink, sample, tick.unwrap_or(1)),
        Event::Lost { function, count } => words::put_lost(sink, function, count),
        Event::Blob { kind, words, bytes } => {
            words::put_blob(sink, kind, Blob::from_words(words, bytes).bytes());
        }
    }
}
