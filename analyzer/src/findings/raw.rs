//! Findings as the trace has them: stacks are numbers of nodes, nothing has a name yet.

use crate::replay::facts::Facts;
use crate::replay::stacks::{CodeAddress, Stacks};
use ldt_trace::file::Damage;
use ldt_trace::finding::{
    Access, BlockFacts, DetectedBy, ErrorKind, Finding, LeakCheck, LeakRecord, Repeat, Use,
};
use ldt_trace::header::Header;
use ldt_trace::{Blob, BlobKind, Event, Item, NodeId, Tick};
use rustc_hash::FxHashSet;
use std::collections::{BTreeMap, HashMap};

/// A process has no more different errors than this; a damaged trace may say anything.
const MAX_ERRORS: usize = 1 << 20;
/// The same for leak checks, and for records and marks in all.
const MAX_RECORDS: usize = 1 << 22;

/// All that was taken out of a trace so far.
#[derive(Debug, Default)]
pub struct Found {
    /// The file's first page, as it was read last.
    pub header: Header,
    /// The stack table.
    pub stacks: Stacks,
    /// Modules and facts about the process.
    pub facts: Facts,
    /// Names of threads, by LDT's number.
    pub thread_names: BTreeMap<u32, String>,
    /// Errors, in the order in which they were read.
    pub errors: Vec<ErrorFound>,
    /// How often each error was seen, by its number.
    pub counts: HashMap<u32, u64>,
    /// Leak checks, in the order in which they were read.
    pub checks: Vec<CheckFound>,
    /// What the program said it was doing.
    pub marks: Vec<Mark>,
    /// What could not be read, as of the last reading.
    pub damage: Vec<Damage>,
    /// Records in all leak checks.
    records: usize,
}

/// An error.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ErrorFound {
    /// The number of this error in its process.
    pub id: u32,
    /// What went wrong.
    pub kind: ErrorKind,
    /// How it came to light.
    pub detected_by: DetectedBy,
    /// What the access did.
    pub access: Access,
    /// Bytes that it touched, 0 when not known.
    pub size: u64,
    /// Its first byte, or the argument of the call.
    pub address: u64,
    /// The thread.
    pub thread: u32,
    /// Where.
    pub stack: NodeId,
    /// The function called, as symbols name it, or empty.
    pub called: String,
    /// The block, if one is known.
    pub block: Option<BlockFacts>,
    /// Address of the first byte of `memory`.
    pub memory_at: u64,
    /// What was there.
    pub memory: Vec<u8>,
    /// What should have been there, for damage found later.
    pub expected: Vec<u8>,
    /// Further words.
    pub note: String,
    /// When it was written down.
    pub tick: Tick,
}

impl ErrorFound {
    fn new(finding: &Finding<'_>, tick: Tick) -> Self {
        ErrorFound {
            id: finding.id,
            kind: finding.kind,
            detected_by: finding.detected_by,
            access: finding.access,
            size: finding.size,
            address: finding.address,
            thread: finding.thread,
            stack: finding.stack,
            called: String::from_utf8_lossy(finding.called).into_owned(),
            block: finding.block,
            memory_at: finding.memory_at,
            memory: finding.memory.to_vec(),
            expected: finding.expected.to_vec(),
            note: String::from_utf8_lossy(finding.note).into_owned(),
            tick,
        }
    }

    /// The record again, as the writer of the trace made it.
    #[must_use]
    pub fn finding(&self) -> Finding<'_> {
        Finding {
            id: self.id,
            kind: self.kind,
            detected_by: self.detected_by,
            access: self.access,
            size: self.size,
            address: self.address,
            thread: self.thread,
            stack: self.stack,
            called: self.called.as_bytes(),
            block: self.block,
            memory_at: self.memory_at,
            memory: &self.memory,
            expected: &self.expected,
            note: self.note.as_bytes(),
        }
    }

    /// Every stack of the report: the access, the allocation, the free.
    pub fn stacks(&self) -> impl Iterator<Item = NodeId> + use<> {
        let stack_of = |used: Use| used.stack;
        let allocated = self.block.map(|block| block.allocated.stack);
        let freed = self.block.and_then(|block| block.freed).map(stack_of);
        [Some(self.stack), allocated, freed].into_iter().flatten()
    }
}

/// A leak check with its records.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CheckFound {
    /// The number of this check in its process.
    pub id: u32,
    /// When, in nanoseconds of CLOCK_MONOTONIC.
    pub monotonic_ns: u64,
    /// How long the program stood still.
    pub pause_ns: u64,
    /// How many records there should be.
    pub announced: u32,
    /// Live blocks.
    pub blocks: u64,
    /// Bytes in them.
    pub bytes: u64,
    /// Threads whose whole stacks counted as roots.
    pub unresponsive_threads: u32,
    /// Why it was made; empty at the end of the process.
    pub reason: String,
    /// What it found.
    pub records: Vec<LeakRecord>,
}

/// Something the program said it was doing, from then on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mark {
    /// When.
    pub tick: Tick,
    /// Which thread said so.
    pub thread: u32,
    /// Its words.
    pub text: String,
}

impl Found {
    /// Takes in an event of a thread; what is no finding, and nothing that findings need, is
    /// passed over.
    pub fn take(&mut self, thread: u32, item: &Item<'_>) {
        match item.event {
            Event::Node(node) => self.stacks.add(&node),
            Event::Blob { kind, words, bytes } => match kind {
                BlobKind::Module | BlobKind::ModuleGone | BlobKind::ThreadName | BlobKind::Meta => {
                    if let Some(name) = self.facts.take(kind, words, bytes) {
                        self.thread_names.insert(thread, name);
                    }
                }
                _ => self.take_finding(
                    thread,
                    item.tick,
                    kind,
                    Blob::from_words(words, bytes).bytes(),
                ),
            },
            _ => {}
        }
    }

    fn take_finding(&mut self, thread: u32, tick: Tick, kind: BlobKind, bytes: &[u8]) {
        match kind {
            BlobKind::Finding if self.errors.len() < MAX_ERRORS => {
                if let Some(finding) = Finding::decode(bytes) {
                    self.errors.push(ErrorFound::new(&finding, tick));
                }
            }
            BlobKind::Repeat => {
                if let Some(repeat) = Repeat::decode(bytes) {
                    let count = self.counts.entry(repeat.id).or_default();
                    // Threads write independently: the highest is the latest.
                    *count = repeat.count.max(*count);
                }
            }
            BlobKind::LeakCheck if self.checks.len() < MAX_RECORDS => {
                if let Some(check) = LeakCheck::decode(bytes) {
                    self.checks.push(CheckFound {
                        id: check.id,
                        monotonic_ns: check.monotonic_ns,
                        pause_ns: check.pause_ns,
                        announced: check.records,
                        blocks: check.blocks,
                        bytes: check.bytes,
                        unresponsive_threads: check.unresponsive_threads,
                        reason: String::from_utf8_lossy(check.reason).into_owned(),
                        records: Vec::new(),
                    });
                }
            }
            BlobKind::LeakRecord if self.records < MAX_RECORDS => {
                let record = LeakRecord::decode(bytes);
                // Its check comes before it in the same thread's stream, and is a late one.
                let check = record.and_then(|record| {
                    let mut late_first = self.checks.iter_mut().rev();
                    late_first.find(|check| check.id == record.check)
                });
                if let (Some(record), Some(check)) = (record, check) {
                    check.records.push(record);
                    self.records += 1;
                }
            }
            BlobKind::Mark if self.marks.len() < MAX_RECORDS => self.marks.push(Mark {
                tick,
                thread,
                text: String::from_utf8_lossy(bytes).into_owned(),
            }),
            _ => {}
        }
    }

    /// The check that the process is judged by: its last one.
    #[must_use]
    pub fn last_check(&self) -> Option<&CheckFound> {
        self.checks.iter().max_by_key(|check| check.id)
    }

    /// Whether the last check's records are not all there: it is just being written down, or the process was killed then.
    #[must_use]
    pub fn is_amid_a_check(&self) -> bool {
        self.last_check()
            .is_some_and(|check| check.records.len() < check.announced as usize)
    }

    /// What the program said it was doing when an error came to light: the last mark of the same
    /// thread, or else of any.
    #[must_use]
    pub fn mark_at(&self, thread: u32, tick: Tick) -> Option<&str> {
        let before = || self.marks.iter().filter(|mark| mark.tick <= tick);
        let own = before().rfind(|mark| mark.thread == thread);
        let mark = own.or_else(|| before().max_by_key(|mark| mark.tick));
        mark.map(|mark| mark.text.as_str())
    }

    /// Every address of these stacks.
    pub fn addresses(&self, stacks: impl Iterator<Item = NodeId>) -> Vec<CodeAddress> {
        let mut seen = FxHashSet::default();
        let mut addresses = Vec::new();
        for mut rest in stacks {
            // Beyond a node that has been here the rest has been, too.
            while seen.insert(rest)
                && let Some((address, outer)) = self.stacks.step(rest)
            {
                addresses.push(address);
                rest = outer;
            }
        }
        addresses.retain(|address: &CodeAddress| address.ip != 0);
        addresses.sort_unstable();
        addresses.dedup();
        addresses
    }

    /// Whether the whole stack is there: in a growing trace another thread's nodes may come later.
    #[must_use]
    pub fn is_complete(&self, stack: NodeId) -> bool {
        self.stacks.is_complete(stack)
    }
}
