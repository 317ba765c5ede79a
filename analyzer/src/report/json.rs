//! The report as JSON: this file mirrors the contract, with fields added to it.
//!
//! Stacks are written while they are walked: a compiler's trace has millions of frames in tens of
//! thousands of stacks, and all of their text in memory would be gigabytes.

use super::Report;
use super::frames::{Naming, ShownFrame};
use super::lines::Lines;
use super::site::{Cost, SiteView};
use super::waste::WasteJson;
use crate::findings::json::{self as findings, CoverageJson, ErrorJson, LeaksJson};
use crate::replay::facts::Facts;
use crate::replay::sites::Balance;
use crate::replay::stacks::{CodeAddress, Stacks};
use crate::symbols::debug_files::hex;
use rustc_hash::FxHashMap;
use serde::ser::{Serialize, SerializeSeq as _, SerializeStruct as _, Serializer};
use serde_json::value::{RawValue, to_raw_value};
use std::collections::BTreeMap;
use std::io::{self, Write};

/// Raised when a field changes its meaning or goes; added fields leave it.
pub const SCHEMA_VERSION: u32 = 1;

/// The function of the last frame of a stack that was cut.
const CUT: &str = "(the stack goes on, but was cut here)";

/// The facts about the process, with spaces where the kernel has zero bytes between the command's words.
fn environment(facts: &Facts) -> BTreeMap<&str, String> {
    let facts = facts.meta.iter();
    facts
        .map(|(key, text)| {
            let text = text.strip_suffix('\0').unwrap_or(text);
            (key.as_str(), text.replace('\0', " "))
        })
        .collect()
}

#[derive(serde::Serialize)]
struct Json<'a> {
    schema_version: u32,
    ldt_version: &'static str,
    command: Vec<&'a str>,
    pid: u32,
    parent_pid: u32,
    forked_from: Option<u32>,
    exit: Exit,
    started_realtime_ns: u64,
    duration_ns: u64,
    truncated: bool,
    warnings: Vec<String>,
    environment: BTreeMap<&'a str, String>,
    calls: BTreeMap<&'static str, Option<u64>>,
    call_table: Vec<Call>,
    reallocs: Reallocs,
    totals: Totals,
    heap: Heap,
    at: Option<At>,
    rss_peak_bytes: Option<u64>,
    stack_peak_bytes: Option<u64>,
    stack_check: Option<StackCheck>,
    mappings: Mappings,
    threads: Vec<Thread<'a>>,
    modules: Vec<Module<'a>>,
    sizes: Vec<SizeClass>,
    timeline: Vec<Moment>,
    waste: WasteJson<'a>,
    sites: Vec<Site<'a>>,
    errors: Vec<ErrorJson<'a>>,
    leaks: Option<LeaksJson<'a>>,
    coverage: Option<CoverageJson>,
}

#[derive(serde::Serialize)]
struct Exit {
    code: Option<i32>,
    signal: Option<u32>,
}

#[derive(serde::Serialize)]
struct Call {
    function: &'static str,
    symbol: &'static str,
    calls: u64,
    bytes: u64,
    failed: u64,
}

#[derive(serde::Serialize)]
struct Reallocs {
    in_place: u64,
    moved: u64,
    shrunk: u64,
    freed: u64,
}

#[derive(serde::Serialize)]
struct Totals {
    allocations: u64,
    frees: u64,
    bytes: u64,
    temporary: u64,
    unknown_frees: u64,
    missed_frees: u64,
    lost_calls: u64,
    events: u64,
}

/// What the heap held, in a report as after a check; absent where the process was killed before it said so.
#[derive(serde::Serialize)]
pub(crate) struct Heap {
    pub(crate) peak_bytes: Option<u64>,
    pub(crate) peak_blocks: Option<u64>,
    /// Since the start of the process.
    pub(crate) peak_time_ns: Option<u64>,
    pub(crate) end_bytes: Option<u64>,
    pub(crate) end_blocks: Option<u64>,
}

#[derive(serde::Serialize)]
struct At {
    time_ns: u64,
    bytes: u64,
    blocks: u64,
}

#[derive(serde::Serialize)]
struct StackCheck {
    checks: u64,
    differences: u64,
}

#[derive(serde::Serialize)]
struct Mappings {
    mapped_calls: u64,
    mapped_bytes: u64,
    unmapped_calls: u64,
    unmapped_bytes: u64,
}

#[derive(serde::Serialize)]
struct Thread<'a> {
    number: u32,
    tid: u32,
    name: Option<&'a str>,
    allocations: u64,
    bytes: u64,
    frees: u64,
    temporary: u64,
    leaked_bytes: u64,
    leaked_blocks: u64,
}

#[derive(serde::Serialize)]
struct Module<'a> {
    path: Option<std::borrow::Cow<'a, str>>,
    build_id: Option<String>,
    allocations: u64,
    bytes: u64,
    temporary: u64,
    peak_bytes: u64,
    leaked_bytes: u64,
}

#[derive(serde::Serialize)]
struct SizeClass {
    first: u64,
    last: u64,
    count: u64,
    bytes: u64,
}

#[derive(serde::Serialize)]
struct Moment {
    time_ns: u64,
    live_bytes: u64,
    rss_bytes: Option<u64>,
    allocations: u64,
}

struct Site<'a> {
    site: &'a SiteView,
    stacks: &'a Stacks,
    frames: &'a FrameTexts,
}

impl Serialize for Site<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let site = self.site;
        let mut out = serializer.serialize_struct("Site", 10)?;
        out.serialize_field("allocations", &site.allocations)?;
        out.serialize_field("bytes", &site.bytes)?;
        out.serialize_field("peak_bytes", &site.peak.bytes)?;
        out.serialize_field("peak_blocks", &site.peak.blocks)?;
        out.serialize_field("leaked_bytes", &site.leaked.bytes)?;
        out.serialize_field("leaked_blocks", &site.leaked.blocks)?;
        out.serialize_field("temporary", &site.temporary)?;
        out.serialize_field("at_bytes", &site.at.map(|at| at.bytes))?;
        out.serialize_field("at_blocks", &site.at.map(|at| at.blocks))?;
        out.serialize_field("stack", &Stack(self))?;
        out.end()
    }
}

struct Stack<'a>(&'a Site<'a>);

impl Serialize for Stack<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Site {
            site,
            stacks,
            frames,
        } = self.0;
        let mut out = serializer.serialize_seq(None)?;
        out.serialize_element(&Frame(Naming::called(site)))?;
        for address in stacks.frames(site.stack) {
            for text in frames.of(address) {
                out.serialize_element(text)?;
            }
        }
        out.end()
    }
}

/// The text of each address's frames: they are written once for each stack that they are in, but
/// made only once.
struct FrameTexts {
    by_address: FxHashMap<CodeAddress, Vec<Box<RawValue>>>,
}

impl FrameTexts {
    fn new(report: &Report<'_>, sites: &[SiteView]) -> serde_json::Result<Self> {
        let mut by_address = FxHashMap::default();
        for address in
            super::all_addresses(&report.replayed.stacks, sites.iter().map(|site| site.stack))
        {
            let frames = report.naming().frames_at(address);
            let texts: serde_json::Result<Vec<_>> =
                frames.map(|frame| to_raw_value(&Frame(frame))).collect();
            by_address.insert(address, texts?);
        }
        Ok(FrameTexts { by_address })
    }

    fn of(&self, address: CodeAddress) -> &[Box<RawValue>] {
        self.by_address.get(&address).map_or(&[], Vec::as_slice)
    }
}

pub(crate) struct Frame<'a>(pub(crate) ShownFrame<'a>);

impl Serialize for Frame<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let frame = self.0;
        let mut out = serializer.serialize_struct("Frame", 6)?;
        let function = if frame.is_cut {
            Some(CUT)
        } else {
            frame.function
        };
        out.serialize_field("function", &function)?;
        out.serialize_field("file", &frame.file)?;
        out.serialize_field("line", &frame.line)?;
        let module = frame.module.map(|path| path.to_string_lossy());
        out.serialize_field("module", &module)?;
        let address = frame.address.map(|address| format!("0x{address:x}"));
        out.serialize_field("address", &address)?;
        out.serialize_field("inlined", &frame.is_inlined)?;
        out.end()
    }
}

/// Writes the report; sites are ranked by the first cost chosen.
pub fn write(report: &Report<'_>, out: &mut impl Write) -> io::Result<()> {
    let cost = report.choice.costs.first().copied().unwrap_or(Cost::Peak);
    let sites = report.ranked(cost);
    let frames = FrameTexts::new(report, &sites)?;
    let mut serializer = serde_json::Serializer::with_formatter(&mut *out, Lines::new());
    assemble(report, &sites, &frames).serialize(&mut serializer)?;
    out.write_all(b"\n")
}

fn assemble<'a>(report: &'a Report<'_>, sites: &'a [SiteView], frames: &'a FrameTexts) -> Json<'a> {
    let replayed = report.replayed;
    let header = &replayed.header;
    let heap = &replayed.heap;
    let exit = report.exit();
    let known = |number: u64| (number > 0).then_some(number);
    let stacks = &replayed.stacks;
    let totals = report.totals();
    let found = report.found.as_ref();
    // Where there are no events the library has counted.
    let counted = found
        .map(|found| &found.counts)
        .filter(|_| report.is_unprofiled());
    Json {
        schema_version: SCHEMA_VERSION,
        ldt_version: env!("CARGO_PKG_VERSION"),
        command: report.command(),
        pid: header.pid,
        parent_pid: header.parent_pid,
        forked_from: (header.forked_from > 0).then_some(header.forked_from),
        exit: Exit {
            code: exit.code,
            signal: exit.signal,
        },
        started_realtime_ns: header.start_realtime_ns,
        duration_ns: replayed.clock.ns(replayed.end_tick),
        truncated: report.is_truncated(),
        warnings: report.warnings(),
        environment: environment(&replayed.facts),
        calls: match counted {
            Some(counts) => findings::calls(std::iter::once(counts)),
            None => calls(report),
        },
        call_table: heap.calls.all().map(call).collect(),
        reallocs: Reallocs {
            in_place: heap.calls.reallocs.in_place,
            moved: heap.calls.reallocs.moved,
            shrunk: heap.calls.reallocs.shrunk,
            freed: heap.calls.reallocs.freed,
        },
        totals: Totals {
            allocations: counted.map_or(totals.allocations, |counts| counts.allocations),
            frees: counted.map_or(heap.frees, |counts| counts.frees),
            bytes: counted.map_or(totals.bytes, |counts| counts.allocated_bytes),
            temporary: totals.temporary,
            unknown_frees: heap.mismatches.unknown_frees,
            missed_frees: heap.mismatches.missed_frees,
            lost_calls: replayed.lost,
            events: replayed.events,
        },
        heap: Heap {
            peak_bytes: Some(counted.map_or(heap.peak.balance.bytes, |counts| counts.peak_bytes)),
            peak_blocks: Some(
                counted.map_or(heap.peak.balance.blocks, |counts| counts.peak_blocks),
            ),
            peak_time_ns: Some(counted.map_or(replayed.clock.ns(heap.peak.tick), |counts| {
                let start = header.start_monotonic_ns;
                counts.peak_monotonic_ns.saturating_sub(start)
            })),
            end_bytes: Some(counted.map_or(heap.live().bytes, |counts| counts.live_bytes)),
            end_blocks: Some(counted.map_or(heap.live().blocks, |counts| counts.live_blocks)),
        },
        at: replayed.at.as_ref().map(|at| {
            let Balance { bytes, blocks } = at.heap;
            At {
                time_ns: replayed.clock.ns(at.tick),
                bytes,
                blocks,
            }
        }),
        rss_peak_bytes: report.rss_peak_bytes(),
        stack_peak_bytes: known(header.stack_peak_bytes),
        stack_check: (header.stack_checks > 0).then_some(StackCheck {
            checks: header.stack_checks,
            differences: header.stack_differences,
        }),
        mappings: Mappings {
            mapped_calls: replayed.mappings.mapped.calls,
            mapped_bytes: replayed.mappings.mapped.bytes,
            unmapped_calls: replayed.mappings.unmapped.calls,
            unmapped_bytes: replayed.mappings.unmapped.bytes,
        },
        threads: threads(report),
        modules: modules(report),
        sizes: heap
            .sizes
            .classes()
            .into_iter()
            .map(|class| SizeClass {
                first: class.first,
                last: class.last,
                count: class.count,
                bytes: class.bytes,
            })
            .collect(),
        timeline: heap
            .timeline
            .bins()
            .map(|(tick, bin)| Moment {
                time_ns: replayed.clock.ns(tick),
                live_bytes: bin.live_bytes,
                rss_bytes: known(bin.rss_bytes),
                allocations: bin.allocations,
            })
            .collect(),
        waste: WasteJson::new(report, sites),
        sites: sites
            .iter()
            .map(|site| Site {
                site,
                stacks,
                frames,
            })
            .collect(),
        errors: found.map_or(Vec::new(), |found| {
            found
                .errors
                .iter()
                .map(|error| findings::error(error, None))
                .collect()
        }),
        leaks: found
            .and_then(|found| found.leaks.as_ref())
            .map(findings::leaks_of),
        coverage: found
            .filter(|found| found.has_counted())
            .map(|found| findings::coverage(found.coverage)),
    }
}

fn calls(report: &Report<'_>) -> BTreeMap<&'static str, Option<u64>> {
    let calls = &report.replayed.heap.calls;
    // The four that everyone looks for are there even when they were not called.
    let mut by_name: BTreeMap<_, _> = ["malloc", "calloc", "realloc", "free"]
        .into_iter()
        .map(|name| (name, Some(0)))
        .collect();
    by_name.extend(
        calls
            .all()
            .map(|(function, counts)| (function.shown(), Some(counts.calls))),
    );
    by_name.insert("failed", Some(calls.failed()));
    by_name
}

fn call((function, counts): (ldt_trace::Function, crate::replay::calls::CallCounts)) -> Call {
    Call {
        function: function.shown(),
        symbol: function.symbol(),
        calls: counts.calls,
        bytes: counts.bytes,
        failed: counts.failed,
    }
}

fn threads<'a>(report: &'a Report<'_>) -> Vec<Thread<'a>> {
    let threads = report.replayed.heap.threads.iter();
    threads
        .map(|thread| Thread {
            number: thread.number,
            tid: thread.tid,
            name: thread.name.as_deref(),
            allocations: thread.allocations,
            bytes: thread.bytes,
            frees: thread.frees,
            temporary: thread.temporary,
            leaked_bytes: thread.live.bytes,
            leaked_blocks: thread.live.blocks,
        })
        .collect()
}

fn modules<'a>(report: &'a Report<'_>) -> Vec<Module<'a>> {
    let replayed = report.replayed;
    let modules = report.modules.iter();
    modules
        .map(|totals| {
            let module = totals.module.map(|index| &replayed.facts.modules[index]);
            let build_id = module.map(|module| hex(&module.build_id));
            Module {
                path: module.map(|module| module.path.to_string_lossy()),
                build_id: build_id.filter(|id| !id.is_empty()),
                allocations: totals.allocations,
                bytes: totals.bytes,
                temporary: totals.temporary,
                peak_bytes: totals.peak_bytes,
                leaked_bytes: totals.leaked_bytes,
            }
        })
        .collect()
}
