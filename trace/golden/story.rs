//! What the golden trace tells: every kind of event and every function once, in two threads. The
//! generator writes it, the test compares it with what the committed file reads back.

use ldt_trace::header::{Header, flag};
use ldt_trace::words::{self, Node, Sample};
use ldt_trace::{BlobKind, Event, Function, Module, NodeId, Tick, TraceWriter};
use std::path::Path;

#[path = "put.rs"]
mod put;

/// An event with its stamps, those before and after; the same for all but a realloc.
pub(crate) type Told = (Option<(Tick, Tick)>, Event<'static>);

/// A run of one thread's events.
pub(crate) struct Part {
    pub(crate) thread: u32,
    pub(crate) tid: u32,
    pub(crate) seq: u32,
    /// Still in its window, because the process was killed.
    pub(crate) in_window: bool,
    pub(crate) told: Vec<Told>,
}

const START: Tick = 1_000_000;
const ALLOCATING: [Function; 8] = [
    Function::Malloc,
    Function::Calloc,
    Function::Realloc,
    Function::Reallocarray,
    Function::New,
    Function::NewArray,
    Function::NewNothrow,
    Function::NewArrayNothrow,
];
const ALIGNED: [Function; 9] = [
    Function::PosixMemalign,
    Function::AlignedAlloc,
    Function::Memalign,
    Function::Valloc,
    Function::Pvalloc,
    Function::NewAligned,
    Function::NewArrayAligned,
    Function::NewAlignedNothrow,
    Function::NewArrayAlignedNothrow,
];
const FREEING: [Function; 16] = [
    Function::Free,
    Function::Cfree,
    Function::FreeSized,
    Function::FreeAlignedSized,
    Function::Delete,
    Function::DeleteArray,
    Function::DeleteSized,
    Function::DeleteArraySized,
    Function::DeleteNothrow,
    Function::DeleteArrayNothrow,
    Function::DeleteAligned,
    Function::DeleteArrayAligned,
    Function::DeleteSizedAligned,
    Function::DeleteArraySizedAligned,
    Function::DeleteAlignedNothrow,
    Function::DeleteArrayAlignedNothrow,
];

/// The header page's fields.
pub(crate) fn header() -> Header {
    Header {
        pid: 4242,
        parent_pid: 4241,
        tick_shift: 4,
        start_tick: START,
        start_monotonic_ns: 5_000_000_000,
        start_realtime_ns: 1_700_000_000_000_000_000,
        flags: flag::REAPED,
        exit_signal: 9,
        rss_peak_bytes: 3 << 20,
        stack_peak_bytes: 4096,
        stack_checks: 40,
        ..Header::default()
    }
}

/// Everything, in the order of the file.
pub(crate) fn parts() -> Vec<Part> {
    let part = |thread, seq, in_window, told| Part {
        thread,
        tid: 4242 + thread,
        seq,
        in_window,
        told,
    };
    vec![
        part(0, 0, false, beginning()),
        part(1, 0, false, worker()),
        part(0, 1, false, frees()),
        part(1, 1, true, cut_off()),
    ]
}

/// Writes the trace.
pub(crate) fn write(path: &Path) -> std::io::Result<()> {
    let mut writer = TraceWriter::create(path, header())?;
    for part in parts() {
        let mut words = Vec::new();
        for (ticks, event) in part.told {
            put::event(&mut words, event, ticks);
        }
        if part.in_window {
            writer.window(part.thread, part.tid, part.seq, 504, &words)?;
        } else {
            writer.chunk(part.thread, part.tid, part.seq, &words)?;
        }
    }
    writer.finish(|_| {})
}

fn at(tick: Tick) -> Option<(Tick, Tick)> {
    Some((START + tick, START + tick))
}

fn blob(kind: BlobKind, content: &[u8]) -> Told {
    let words: Vec<u64> = content
        .chunks(8)
        .map(|piece| {
            let mut word = [0; 8];
            word[..piece.len()].copy_from_slice(piece);
            u64::from_le_bytes(word)
        })
        .collect();
    // A story is told a few times in a process, so leaking is cheaper than carrying owners around.
    let words: &'static [u64] = words.leak();
    let bytes = content.len();
    (None, Event::Blob { kind, words, bytes })
}

fn module(start: u64, epoch: u16, build_id: &[u8], path: &str) -> Told {
    let module = Module {
        start,
        end: start + 0x4000,
        bias: start,
        epoch,
        build_id,
        path: path.as_bytes(),
    };
    let mut content = [0; 256];
    let length = module.encode(&mut content).expect("a short path");
    blob(BlobKind::Module, &content[..length])
}

fn node(id: u32, parent: u32, ip: u64) -> Node {
    Node {
        id: NodeId(id),
        parent: NodeId(parent),
        ip,
        exact: false,
        cut: false,
        epoch: 0,
    }
}

/// Addresses of the blocks, 4 KiB apart so that every alignment fits.
fn block(number: usize) -> u64 {
    0x5555_5560_0000 + 4096 * number as u64
}

/// The first chunk: the process, its modules, stacks, one allocation by each function.
fn beginning() -> Vec<Told> {
    let mut told = vec![
        (at(0), Event::Stamp),
        blob(BlobKind::Meta, b"command=/usr/bin/golden\0--all"),
        blob(BlobKind::Meta, b"exe=/usr/bin/golden"),
        blob(BlobKind::Meta, b"page_size=4096"),
        blob(BlobKind::Meta, b""),
        module(0x5555_5555_4000, 0, &[0xab; 20], "/usr/bin/golden"),
        module(0x7fff_0000_0000, 0, b"", "linux-vdso.so.1"),
        blob(BlobKind::ThreadName, b"golden"),
        (
            at(10),
            Event::Sample(Sample {
                monotonic_ns: 5_000_000_100,
                rss_bytes: 1 << 20,
            }),
        ),
        (None, Event::Node(node(1, 0, 0x5555_5555_4100))),
        (None, Event::Node(node(2, 1, 0x5555_5555_4200))),
        (None, Event::Node(node(3, 2, 0x5555_5555_4300))),
        (None, Event::Node(node(9, 1, 0x5555_5555_4400))),
        (
            None,
            Event::Node(Node {
                exact: true,
                ..node(10, 2, 0x5555_5555_4500)
            }),
        ),
        (
            None,
            Event::Node(Node {
                cut: true,
                ..node(11, 0, 0)
            }),
        ),
        (
            None,
            Event::Node(Node {
                epoch: 1,
                ..node(words::MAX_NODE, 11, 0x7fff_0000_0100)
            }),
        ),
    ];
    for (number, function) in ALLOCATING.into_iter().enumerate() {
        let event = Event::Alloc {
            function,
            address: block(number),
            size: 100 * number as u64,
            alignment: 1,
            stack: NodeId(2 + number as u32 % 2),
        };
        told.push(((number % 4 == 0).then_some(at(20)).flatten(), event));
    }
    for (number, function) in ALIGNED.into_iter().enumerate() {
        let event = Event::Alloc {
            function,
            address: block(ALLOCATING.len() + number),
            size: 70_000,
            alignment: 16 << (number % 9),
            stack: NodeId(9),
        };
        told.push((at(30 + number as u64), event));
    }
    told
}

/// The other thread: maps, failures, reallocs, a block for the first thread to free.
fn worker() -> Vec<Told> {
    let stack = NodeId(words::MAX_NODE);
    let mut told = vec![
        (at(100), Event::Stamp),
        blob(BlobKind::ThreadName, b"worker"),
    ];
    let mapping = [
        Function::Mmap,
        Function::Mremap,
        Function::Brk,
        Function::Sbrk,
    ];
    for (number, function) in mapping.into_iter().enumerate() {
        let (address, size) = (0x7f00_0000_0000 + ((number as u64) << 32), 1 << 33);
        let event = Event::Map {
            function,
            address,
            size,
            stack,
        };
        told.push((at(110 + number as u64), event));
    }
    told.extend([
        (
            at(120),
            Event::Unmap {
                function: Function::Munmap,
                address: 0x7f00_0000_0000,
                size: 1 << 33,
            },
        ),
        (
            at(121),
            Event::Failed {
                function: Function::Malloc,
                size: u64::MAX,
                stack: NodeId(10),
            },
        ),
        (
            at(122),
            Event::Alloc {
                function: Function::Malloc,
                address: block(40),
                size: 1 << 32,
                alignment: 1,
                stack: NodeId(10),
            },
        ),
        (
            at(123),
            Event::Alloc {
                function: Function::Malloc,
                address: block(41),
                size: 24,
                alignment: 1,
                stack: NodeId(11),
            },
        ),
        (
            Some((START + 130, START + 131)),
            Event::Realloc {
                function: Function::Realloc,
                old: block(41),
                address: block(41),
                size: 32,
                stack: NodeId(11),
            },
        ),
        (
            Some((START + 140, START + 145)),
            Event::Realloc {
                function: Function::Reallocarray,
                old: block(41),
                address: block(42),
                size: 5 << 32,
                stack: NodeId(3),
            },
        ),
        (
            None,
            Event::Lost {
                function: Function::Malloc,
                count: 3,
            },
        ),
    ]);
    told
}

/// The first thread again: one free by each function, the end of a module.
fn frees() -> Vec<Told> {
    let mut told = vec![(at(200), Event::Stamp)];
    for (number, function) in FREEING.into_iter().enumerate() {
        let address = block(number);
        told.push((at(210 + number as u64), Event::Free { function, address }));
    }
    let free = |address| Event::Free {
        function: Function::Free,
        address,
    };
    told.extend([
        (at(240), free(0)),
        (at(241), free(block(40))),
        (at(242), free(0x5555_5570_0008)),
        blob(BlobKind::ModuleGone, &0x7fff_0000_0000u64.to_le_bytes()),
        (
            at(1000),
            Event::Sample(Sample {
                monotonic_ns: 5_000_010_000,
                rss_bytes: 2 << 20,
            }),
        ),
    ]);
    told
}

/// The newest events of the other thread, which no chunk holds.
fn cut_off() -> Vec<Told> {
    let alloc = |number, size| Event::Alloc {
        function: Function::Malloc,
        address: block(number),
        size,
        alignment: 1,
        stack: NodeId(3),
    };
    vec![
        (at(300), Event::Stamp),
        (at(310), alloc(50, 1000)),
        (at(311), alloc(51, 2000)),
        (
            at(312),
            Event::Free {
                function: Function::Free,
                address: block(50),
            },
        ),
    ]
}
