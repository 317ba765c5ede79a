//! Whole traces, written with the format's own writer, replayed and compared with the simplest
//! bookkeeping that can be written down.

use ldt_analyzer::progress::Progress;
use ldt_analyzer::replay::follow::{Follow, Followed};
use ldt_analyzer::replay::lives::Lived;
use ldt_analyzer::replay::sites::Balance;
use ldt_analyzer::replay::{Replayed, Selection, replay};
use ldt_trace::header::{Header, flag};
use ldt_trace::words::{self, Node, Sample};
use ldt_trace::writer::TraceWriter;
use ldt_trace::{BlobKind, Function, NodeId, Tick, TraceFile};
use proptest::prelude::*;
use std::collections::{BTreeMap, HashMap};

const START: Tick = 1000;
const NS_PER_TICK: u64 = 20;

/// What happens, in the order in which it happens.
#[derive(Clone, Debug)]
enum Step {
    Alloc {
        address: u64,
        size: u64,
        stack: u32,
    },
    Free {
        address: u64,
    },
    Realloc {
        old: u64,
        address: u64,
        size: u64,
        stack: u32,
    },
    Failed,
    Null,
}

/// A program: each step with its thread. The step's place is its time.
type Program = Vec<(usize, Step)>;

const THREADS: usize = 3;

/// Writes the program's trace: each thread's words in chunks of a few events, the last in a window.
fn write(program: &Program, path: &std::path::Path) {
    let header = Header {
        pid: 77,
        start_tick: START,
        start_monotonic_ns: 5_000_000,
        flags: flag::EXITED,
        end_tick: tick(program.len()),
        end_monotonic_ns: 5_000_000 + (program.len() as u64 + 1) * NS_PER_TICK,
        ..Header::default()
    };
    let mut writer = TraceWriter::create(path, header).expect("a trace can be created");
    let mut pieces = vec![vec![Vec::new()]; THREADS];
    words::put_sample(
        &mut pieces[0][0],
        Sample {
            monotonic_ns: 5_000_000,
            rss_bytes: 4096,
        },
        START,
    );
    for id in 1..=4u32 {
        let node = Node {
            id: NodeId(id),
            parent: NodeId(id - 1),
            ip: 0x1000 * u64::from(id),
            exact: false,
            cut: false,
            epoch: 0,
        };
        words::put_node(&mut pieces[0][0], &node);
    }
    for (thread, pieces) in pieces.iter_mut().enumerate() {
        let name = format!("worker{thread}");
        words::put_blob(&mut pieces[0], BlobKind::ThreadName, name.as_bytes());
    }
    for (place, (thread, step)) in program.iter().enumerate() {
        let pieces = &mut pieces[*thread];
        if pieces.last().is_some_and(|words| words.len() > 40) {
            pieces.push(Vec::new());
        }
        let words = pieces.last_mut().expect("there is one");
        put(words, step, tick(place));
    }
    for (thread, pieces) in pieces.iter().enumerate() {
        let (thread, tid) = (thread as u32, thread as u32 + 77);
        let (window, chunks) = pieces.split_last().expect("there is one");
        for (seq, words) in chunks.iter().enumerate() {
            writer
                .chunk(thread, tid, seq as u32, words)
                .expect("written");
        }
        let seq = chunks.len() as u32;
        writer
            .window(thread, tid, seq, 4096, window)
            .expect("written");
    }
    writer.finish(|_| {}).expect("written");
}

fn tick(place: usize) -> Tick {
    START + 1 + place as u64
}

fn put(words: &mut Vec<u64>, step: &Step, tick: Tick) {
    match *step {
        Step::Alloc {
            address,
            size,
            stack,
        } => {
            let stack = NodeId(stack);
            words::put_alloc(words, Function::Malloc, address, size, 1, stack, Some(tick));
        }
        Step::Free { address } => words::put_free(words, Function::Free, address, Some(tick)),
        Step::Realloc {
            old,
            address,
            size,
            stack,
        } => {
            let (function, stack) = (Function::Realloc, NodeId(stack));
            let ticks = Some((tick, tick));
            words::put_realloc(words, function, old, address, size, stack, ticks);
        }
        Step::Failed => words::put_failed(words, Function::Malloc, 1 << 60, NodeId(1), Some(tick)),
        Step::Null => words::put_free(words, Function::Free, 0, Some(tick)),
    }
}

/// The simplest bookkeeping.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Books {
    allocations: u64,
    bytes: u64,
    frees: u64,
    temporary: u64,
    peak: u64,
    peak_blocks: u64,
    peak_tick: Tick,
    live: u64,
    live_blocks: u64,
    /// By stack and whether it was realloc: allocations, bytes live, bytes at the peak.
    sites: BTreeMap<(u32, bool), (u64, u64, u64)>,
    by_thread: Vec<(u64, u64)>,
}

fn keep_books(program: &Program) -> Books {
    let mut books = Books {
        peak_tick: START,
        by_thread: vec![(0, 0); THREADS],
        ..Books::default()
    };
    // Address -> site, size, thread, and which allocation of its thread it was.
    let mut live: HashMap<u64, ((u32, bool), u64, usize, u64)> = HashMap::new();
    let free = |books: &mut Books, live: &mut HashMap<_, _>, thread: usize, address: u64| {
        let Some((site, size, owner, number)) = live.remove(&address) else {
            return;
        };
        books.frees += 1;
        books.by_thread[thread].1 += 1;
        books.live -= size;
        books.live_blocks -= 1;
        if let Some(site) = books.sites.get_mut(&site) {
            site.1 -= size;
        }
        books.temporary += u64::from(owner == thread && number == books.by_thread[thread].0);
    };
    for (place, (thread, step)) in program.iter().enumerate() {
        let new = match *step {
            Step::Alloc {
                address,
                size,
                stack,
            } => Some((address, size, (stack, false))),
            Step::Realloc {
                old,
                address,
                size,
                stack,
            } => {
                free(&mut books, &mut live, *thread, old);
                Some((address, size, (stack, true)))
            }
            Step::Free { address } => {
                free(&mut books, &mut live, *thread, address);
                None
            }
            Step::Failed | Step::Null => None,
        };
        let Some((address, size, site)) = new else {
            continue;
        };
        books.by_thread[*thread].0 += 1;
        books.allocations += 1;
        books.bytes += size;
        books.live += size;
        books.live_blocks += 1;
        let figures = books.sites.entry(site).or_default();
        figures.0 += 1;
        figures.1 += size;
        live.insert(address, (site, size, *thread, books.by_thread[*thread].0));
        if books.live > books.peak {
            (books.peak, books.peak_blocks) = (books.live, books.live_blocks);
            books.peak_tick = tick(place);
            for figures in books.sites.values_mut() {
                figures.2 = figures.1;
            }
        }
    }
    books
}

/// The books as the analyzer keeps them.
fn books_of(replayed: &Replayed) -> Books {
    let heap = &replayed.heap;
    let at_peak = heap.at_peak();
    let sites = heap.sites.all();
    Books {
        allocations: sites.iter().map(|site| site.allocations).sum(),
        bytes: sites.iter().map(|site| site.bytes).sum(),
        frees: heap.frees,
        temporary: sites.iter().map(|site| site.temporary).sum(),
        peak: heap.peak.balance.bytes,
        peak_blocks: heap.peak.balance.blocks,
        peak_tick: heap.peak.tick,
        live: heap.live().bytes,
        live_blocks: heap.live().blocks,
        sites: sites
            .iter()
            .zip(&at_peak.sites)
            .map(|(site, peak)| {
                let key = (site.stack.0, site.function == Function::Realloc);
                (key, (site.allocations, site.live().bytes, peak.bytes))
            })
            .collect(),
        by_thread: heap
            .threads
            .iter()
            .map(|thread| (thread.allocations, thread.frees))
            .collect(),
    }
}

fn replay_with(program: &Program, selection: &Selection) -> Replayed {
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    let path = folder.path().join("trace");
    write(program, &path);
    let trace = TraceFile::open(&path).expect("it is a trace");
    assert_eq!(trace.damage(), []);
    let replayed = replay(&trace, selection, &Progress::hidden());
    assert_eq!(replayed.damage, []);
    replayed
}

/// Programs that free only what is live and allocate only where nothing is.
fn programs() -> impl Strategy<Value = Program> {
    let step = (
        0..THREADS,
        0u64..12,
        0u64..12,
        0u64..5000,
        1u32..=4,
        0u32..10,
    );
    prop::collection::vec(step, 0..400).prop_map(|steps| {
        let mut live = [false; 12];
        let mut program = Program::new();
        for (thread, first, second, size, stack, choice) in steps {
            let (old, address) = (0x10_000 + first * 48, 0x10_000 + second * 48);
            let is_live = live[first as usize];
            let can_move = first == second || !live[second as usize];
            let step = match (is_live, choice) {
                (_, 0) => Step::Failed,
                (_, 1) => Step::Null,
                (true, 2..5) if can_move => {
                    live[first as usize] = false;
                    live[second as usize] = true;
                    Step::Realloc {
                        old,
                        address,
                        size,
                        stack,
                    }
                }
                (true, _) => {
                    live[first as usize] = false;
                    Step::Free { address: old }
                }
                (false, _) => {
                    live[first as usize] = true;
                    Step::Alloc {
                        address: old,
                        size,
                        stack,
                    }
                }
            };
            program.push((thread, step));
        }
        program
    })
}

/// How long the blocks that were freed had lived, and how old those were that made the peak: nanoseconds and bytes.
#[derive(Debug, Default)]
struct Times {
    lifetimes: Vec<(u64, u64)>,
    ages: Vec<(u64, u64)>,
    /// Bytes live after each step.
    live: Vec<u64>,
}

fn keep_times(program: &Program) -> Times {
    let mut times = Times::default();
    let mut births: HashMap<u64, (u64, u64)> = HashMap::new();
    let mut peak = 0;
    for (place, (_, step)) in program.iter().enumerate() {
        let now = place as u64 * NS_PER_TICK;
        let (gone, new) = match *step {
            Step::Alloc { address, size, .. } => (None, Some((address, size))),
            Step::Free { address } => (Some(address), None),
            Step::Realloc {
                old, address, size, ..
            } => (Some(old), Some((address, size))),
            Step::Failed | Step::Null => (None, None),
        };
        if let Some((born, size)) = gone.and_then(|address| births.remove(&address)) {
            times.lifetimes.push((now - born, size));
        }
        if let Some((address, size)) = new {
            births.insert(address, (now, size));
        }
        let live = births.values().map(|(_, size)| size).sum();
        if live > peak {
            peak = live;
            let ages = births.values().map(|(born, size)| (now - born, *size));
            times.ages = ages.collect();
        }
        times.live.push(live);
    }
    times
}

/// Whether each span has just the blocks whose times are in it.
fn agree(lived: &[Lived], times: &[(u64, u64)]) -> bool {
    let blocks: u64 = lived.iter().map(|span| span.blocks).sum();
    let holds = |span: &Lived| {
        let within = times
            .iter()
            .filter(|(ns, _)| (span.from_ns..span.to_ns).contains(ns));
        let (blocks, bytes) = within.fold((0, 0), |sum, (_, size)| (sum.0 + 1, sum.1 + size));
        (blocks, bytes) == (span.blocks, span.bytes)
    };
    blocks == times.len() as u64 && lived.iter().all(holds)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn every_figure_agrees_with_simple_books(program in programs()) {
        let replayed = replay_with(&program, &Selection::default());
        prop_assert_eq!(books_of(&replayed), keep_books(&program));
        let calls: u64 = replayed.heap.calls.all().map(|(_, counts)| counts.calls).sum();
        prop_assert_eq!(calls, program.len() as u64);
        let failed = program.iter().filter(|(_, step)| matches!(step, Step::Failed)).count();
        prop_assert_eq!(replayed.heap.calls.failed(), failed as u64);
    }

    /// Stopping at a time is the same as a program that ends there.
    #[test]
    fn a_stop_is_an_end((program, stop) in programs().prop_flat_map(|program| {
        let length = program.len();
        (Just(program), 0..=length)
    })) {
        let to_ns = Some((stop as u64 + 1) * NS_PER_TICK);
        let replayed = replay_with(&program, &Selection { to_ns, ..Selection::default() });
        prop_assert_eq!(books_of(&replayed), keep_books(&program[..stop].to_vec()));
    }

    /// A snapshot is what a program that ends there leaves, and changes nothing else.
    #[test]
    fn a_snapshot_is_the_state_then((program, then) in programs().prop_flat_map(|program| {
        let length = program.len();
        (Just(program), 0..=length)
    })) {
        let at_ns = Some((then as u64 + 1) * NS_PER_TICK);
        let replayed = replay_with(&program, &Selection { at_ns, ..Selection::default() });
        prop_assert_eq!(books_of(&replayed), keep_books(&program));
        let expected = keep_books(&program[..then].to_vec());
        let at = replayed.at.expect("it was asked for");
        prop_assert_eq!(at.heap, Balance { bytes: expected.live, blocks: expected.live_blocks });
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    /// What pictures follow is what the program did.
    #[test]
    fn lifetimes_ages_and_layers_agree_with_simple_books(program in programs()) {
        let times = keep_times(&program);
        let following = |follow| {
            let selection = Selection { follow: Some(follow), ..Selection::default() };
            replay_with(&program, &selection)
        };
        let replayed = following(Follow::Lifetimes);
        let Some(Followed::Lives(lives)) = replayed.heap.followed.as_deref() else {
            return Err(TestCaseError::fail("lifetimes were asked for"));
        };
        prop_assert!(agree(&lives.lifetimes(&replayed.clock), &times.lifetimes));

        let peak_bytes = replayed.heap.peak.balance.bytes;
        let second = following(Follow::AgesAtPeak { peak_bytes });
        let Some(Followed::Lives(lives)) = second.heap.followed.as_deref() else {
            return Err(TestCaseError::fail("ages were asked for"));
        };
        prop_assert!(agree(&lives.ages_at_peak(&second.clock), &times.ages));

        // All sites together hold all there is, at every moment that is shown.
        let sites: Vec<u32> = (0..replayed.heap.sites.all().len() as u32).collect();
        let width_ticks = 7;
        let second = following(Follow::Layers { sites: sites.clone(), width_ticks });
        let Some(Followed::Layers(layers)) = second.heap.followed.as_deref() else {
            return Err(TestCaseError::fail("layers were asked for"));
        };
        // The first step is one tick after the start.
        let at = |tick: u64| if tick == 0 { 0 } else { times.live[tick as usize - 1] };
        let last = program.len() as u64;
        let spans = (0..=last / width_ticks).map(|span| {
            let first = span * width_ticks;
            let ticks = first..=(first + width_ticks - 1).min(last);
            ticks.map(at).max().unwrap_or(0).max(at(first.saturating_sub(1)))
        });
        let expected: Vec<u64> = spans.collect();
        let mut held = vec![0; expected.len()];
        for place in 0..sites.len() {
            for (sum, bytes) in held.iter_mut().zip(layers.held(place, expected.len())) {
                *sum += bytes;
            }
        }
        prop_assert_eq!(held, expected);
    }
}

#[test]
fn a_filter_by_thread_counts_only_its_allocations() {
    let alloc = |address, size| Step::Alloc {
        address,
        size,
        stack: 1,
    };
    let program = vec![
        (0, alloc(0x100, 10)),
        (1, alloc(0x200, 20)),
        (0, Step::Free { address: 0x200 }),
        (1, alloc(0x300, 30)),
        (1, Step::Free { address: 0x100 }),
    ];
    for glob in ["worker1", "T1", "78", "*r1"] {
        let selection = Selection {
            thread: Some(wildmatch::WildMatch::new(glob)),
            ..Selection::default()
        };
        let books = books_of(&replay_with(&program, &selection));
        assert_eq!(
            (books.allocations, books.frees, books.live),
            (2, 1, 30),
            "{glob}"
        );
    }
}

#[test]
fn times_are_nanoseconds_since_the_start() {
    let program = vec![(
        0,
        Step::Alloc {
            address: 0x100,
            size: 1,
            stack: 1,
        },
    )];
    let replayed = replay_with(&program, &Selection::default());
    assert_eq!(replayed.clock.ns(replayed.heap.peak.tick), NS_PER_TICK);
    assert_eq!(replayed.clock.ns(replayed.end_tick), 2 * NS_PER_TICK);
}
