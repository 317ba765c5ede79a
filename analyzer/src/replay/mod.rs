//! Replaying a trace: all events, in order, turned into totals, sites and a timeline.
//!
//! Memory grows with the live heap and the number of distinct stacks, never with the length of the
//! trace. The path: [`decode`] turns pieces of the file into words on all cores, [`merge`] puts
//! the threads' events in order, [`recorder`] hands each to the part of the state it concerns,
//! of which [`heap`] is the heart.

pub mod block;
pub mod blocks;
pub mod calls;
pub mod clock;
pub mod close_up;
mod decode;
pub mod facts;
pub mod follow;
pub mod footprint;
mod heads;
pub mod heap;
pub mod history;
pub mod layers;
mod leaves;
pub mod lives;
mod look;
pub mod mappings;
mod merge;
pub mod numbered;
mod packed;
mod passing;
mod recorder;
pub mod sites;
pub mod sizes;
pub mod slack;
pub mod stacks;
pub mod thread_totals;
pub mod timeline;

use crate::progress::Progress;
use clock::Clock;
use decode::{Decoder, ReadAhead};
use facts::Facts;
use follow::{Follow, Followed};
use heap::{Heap, Snapshot};
use history::History;
use ldt_trace::file::{Damage, Scratch, ThreadPieces, TraceFile};
use ldt_trace::header::{Header, flag};
use ldt_trace::{BlobKind, Event, Tick, Words};
use mappings::Mappings;
use merge::{Action, Stream, merge};
use recorder::Recorder;
use stacks::Stacks;
use wildmatch::WildMatch;

/// Which part of a trace counts. Times are nanoseconds since its start.
#[derive(Clone, Debug, Default)]
pub struct Selection {
    /// Allocations before this do not count.
    pub from_ns: Option<u64>,
    /// The replay stops here: what is live then is what is left.
    pub to_ns: Option<u64>,
    /// Keep the balances of this moment.
    pub at_ns: Option<u64>,
    /// Follow the blocks of each site one by one, see [`close_up`].
    pub close_up: bool,
    /// Only allocations of threads with this name, number (`T0`) or kernel id count.
    pub thread: Option<WildMatch>,
    /// Keep who had done what by the end of each of at most so many spans of time.
    pub most_spans: Option<u32>,
    /// Follow blocks or call stacks over time, see [`follow`].
    pub follow: Option<Follow>,
}

/// All that a trace told.
#[derive(Debug)]
pub struct Replayed {
    /// The file's first page.
    pub header: Header,
    /// Totals, sites, threads, timeline.
    pub heap: Heap,
    /// The stack table.
    pub stacks: Stacks,
    /// Modules and facts about the process.
    pub facts: Facts,
    /// Ticks to time.
    pub clock: Clock,
    /// Anonymous mappings and the break.
    pub mappings: Mappings,
    /// The moment asked for with [`Selection::at_ns`].
    pub at: Option<Snapshot>,
    /// Calls that were served but not recorded.
    pub lost: u64,
    /// The time of the last event, or of the process's end where it is known.
    pub end_tick: Tick,
    /// How many events there were.
    pub events: u64,
    /// What could not be read, by offset.
    pub damage: Vec<Damage>,
}

/// What a replay has come to when about a quarter of the trace has been taken.
#[derive(Clone, Copy, Debug)]
pub struct Early<'r> {
    /// So far.
    pub heap: &'r Heap,
    /// So far.
    pub stacks: &'r Stacks,
    /// So far.
    pub facts: &'r Facts,
}

/// Reads a whole trace.
#[must_use]
pub fn replay(trace: &TraceFile, selection: &Selection, progress: &Progress) -> Replayed {
    replay_with_look(trace, selection, progress, |_| {})
}

/// The same; somebody has a look early on, if the trace is long enough.
#[must_use]
pub fn replay_with_look(
    trace: &TraceFile,
    selection: &Selection,
    progress: &Progress,
    look: impl FnOnce(Early<'_>),
) -> Replayed {
    let header = trace.header();
    let clock = early_clock(trace);
    let mut breakpoints = breakpoints(selection, &clock);
    breakpoints.extend(first_quarter(trace).map(|tick| (tick, Action::Look)));
    breakpoints.sort_by_key(|(tick, _)| *tick);
    let mut look = Some(look);
    let is_counting = selection.from_ns.is_none();
    let mut recorder = Recorder::new(header.start_tick, clock, is_counting);
    recorder.heap.followed = selection
        .follow
        .as_ref()
        .map(|follow| Box::new(Followed::new(follow, header.start_tick)));
    if selection.close_up {
        recorder.heap.close_up = Some(Box::default());
    }
    if let Some(most_spans) = selection.most_spans {
        recorder.heap.history = History::new(header.start_tick, probable_end(trace), most_spans);
    }
    for thread in trace.threads() {
        let is_left_out = selection
            .thread
            .as_ref()
            .is_some_and(|glob| !is_thread(trace, thread, glob));
        recorder
            .heap
            .add_thread(thread.thread, thread.tid, is_left_out);
    }
    let mut at = None;
    let mut damage = trace.damage().to_vec();
    let words: u64 = trace
        .threads()
        .iter()
        .flat_map(|thread| &thread.pieces)
        .map(|piece| u64::from(piece.words))
        .sum();
    progress.begin("reading", words);
    std::thread::scope(|scope| {
        let told = Box::new(|words| progress.advance(words as u64));
        let decoder = Decoder::start(scope, trace, told);
        let streams = trace.threads().iter().enumerate().map(|(number, thread)| {
            let first = first_tick(thread, header.start_tick);
            Stream::new(number, first, ReadAhead::new(&decoder, &thread.pieces))
        });
        merge(
            streams.collect(),
            &mut recorder,
            &breakpoints,
            |recorder, tick, action| match action {
                Action::StartCounting => recorder.heap.set_counting(true),
                Action::Snapshot => at = Some(recorder.heap.snapshot(tick)),
                Action::Look => {
                    if let Some(look) = look.take() {
                        look(Early {
                            heap: &recorder.heap,
                            stacks: &recorder.stacks,
                            facts: &recorder.facts,
                        });
                    }
                }
                Action::Stop => {}
            },
        );
        damage.extend(decoder.into_damage());
    });
    progress.end();
    if recorder.unreadable_pieces > 0 {
        damage.push(Damage {
            offset: header.file_end,
            what: format!(
                "{} pieces end in words that are no event",
                recorder.unreadable_pieces
            ),
        });
    }
    damage.sort_by_key(|damage| damage.offset);
    recorder.heap.finish();
    recorder.facts.finish();
    let end_tick = recorder
        .last_tick
        .max(header.end_tick)
        .max(end_by_launcher(header, &recorder.clock));
    recorder.heap.measure(end_tick);
    if selection.at_ns.is_some() && at.is_none() {
        at = Some(recorder.heap.snapshot(end_tick));
    }
    Replayed {
        header: header.clone(),
        heap: recorder.heap,
        stacks: recorder.stacks,
        facts: recorder.facts,
        clock: recorder.clock,
        mappings: recorder.mappings,
        at,
        lost: recorder.lost,
        end_tick,
        events: recorder.events,
        damage,
    }
}

/// When the launcher saw the end of a process that could not say so itself, 0 if it did not.
fn end_by_launcher(header: &Header, clock: &Clock) -> Tick {
    let is_its_own = header.flags & flag::EXITED != 0;
    if is_its_own || header.end_monotonic_ns <= header.start_monotonic_ns || !clock.has_rate() {
        return 0;
    }
    clock.tick(header.end_monotonic_ns - header.start_monotonic_ns)
}

/// A tick that is not after the thread's first event. Pieces without a stamp say 0; in a thread
/// that is not the first that is only so when it never did anything in time.
fn first_tick(thread: &ThreadPieces, start: Tick) -> Tick {
    match thread.pieces.first() {
        Some(piece) if piece.first_tick() != 0 && thread.thread != 0 => piece.first_tick(),
        _ => start,
    }
}

/// When about a quarter of the trace has been taken, by the thread that did most.
fn first_quarter(trace: &TraceFile) -> Option<Tick> {
    let threads = trace.threads().iter();
    let pieces = &threads.max_by_key(|thread| thread.pieces.len())?.pieces;
    let tick = pieces.get(pieces.len() / 4)?.first_tick();
    (tick != 0).then_some(tick)
}

/// When the trace probably ends: no piece begins later.
fn probable_end(trace: &TraceFile) -> Tick {
    let threads = trace.threads().iter();
    let begun = threads.filter_map(|thread| Some(thread.pieces.last()?.first_tick()));
    begun.max().unwrap_or(0).max(trace.header().end_tick)
}

/// Times that are asked for must be known as ticks before the samples that tie the two together
/// have gone by: the header knows both clocks' start and end, and where the process came to no
/// orderly end its last samples do.
fn early_clock(trace: &TraceFile) -> Clock {
    let mut clock = Clock::new(trace.header());
    if clock.has_rate() {
        return clock;
    }
    let (mut scratch, mut words) = (Scratch::new(), Vec::new());
    let pieces = trace.threads().iter().flat_map(|thread| {
        let last = thread.pieces.len().saturating_sub(2);
        thread.pieces.iter().take(1).chain(&thread.pieces[last..])
    });
    for piece in pieces.take(64) {
        if trace.read(piece, &mut scratch, &mut words).is_err() {
            continue;
        }
        for item in Words::new(&words, 0) {
            if let Event::Sample(sample) = item.event {
                clock.anchor(item.tick, sample.monotonic_ns);
            }
        }
    }
    clock
}

fn breakpoints(selection: &Selection, clock: &Clock) -> Vec<(Tick, Action)> {
    let asked = [
        (selection.from_ns, Action::StartCounting),
        (selection.at_ns, Action::Snapshot),
        (selection.to_ns, Action::Stop),
    ];
    let asked = asked.into_iter();
    asked
        .filter_map(|(ns, action)| Some((clock.tick(ns?), action)))
        .collect()
}

/// Whether a thread is meant. Its name stands somewhere in its stream, so that is read ahead: a
/// filter by thread reads the trace twice.
fn is_thread(trace: &TraceFile, thread: &ThreadPieces, glob: &WildMatch) -> bool {
    if glob.matches(&format!("T{}", thread.thread)) || glob.matches(&thread.tid.to_string()) {
        return true;
    }
    let (mut scratch, mut words) = (Scratch::new(), Vec::new());
    let mut facts = Facts::default();
    let mut name = None;
    for piece in &thread.pieces {
        if trace.read(piece, &mut scratch, &mut words).is_err() {
            continue;
        }
        for item in Words::new(&words, 0) {
            if let Event::Blob { kind, words, bytes } = item.event
                && kind == BlobKind::ThreadName
            {
                name = facts.take(kind, words, bytes).or(name);
            }
        }
    }
    name.is_some_and(|name| glob.matches(&name))
}
