//! DHAT's JSON, for dh_view: per call stack totals, its own maximum, and what it had at the peak and at
//! the end, with how long blocks lived.
//!
//! DHAT also counts reads and writes of each block, which nobody sees from outside a machine that
//! valgrind simulates; the file says that they are not there (`bkacc`).

use crate::replay::stacks::CodeAddress;
use crate::report::Report;
use crate::report::frames::ShownFrame;
use crate::report::site::{Cost, SiteView};
use ldt_trace::Function;
use rustc_hash::FxHashMap;
use serde::Serialize;
use std::io::{self, Write};

/// Blocks that live less are "short-lived" in dh_view's list, as in DHAT after 500 instructions.
const SHORT_LIVED_US: u64 = 1;

#[derive(Serialize)]
struct File {
    #[serde(rename = "dhatFileVersion")]
    version: u32,
    mode: &'static str,
    verb: &'static str,
    /// Block lifetimes are recorded.
    bklt: bool,
    /// Block accesses are not.
    bkacc: bool,
    /// Unit of time, and of a million of it.
    tu: &'static str,
    #[serde(rename = "Mtu")]
    million_tu: &'static str,
    tuth: u64,
    cmd: String,
    pid: u32,
    tg: u64,
    te: u64,
    /// Program points: call stacks.
    pps: Vec<Point>,
    /// Frames, of which the first is the root.
    ftbl: Vec<String>,
}

/// A call stack: total bytes and blocks, lifetimes, its own maximum, at the global one, at the end.
#[derive(Serialize)]
struct Point {
    tb: u64,
    tbk: u64,
    tl: u64,
    mb: u64,
    mbk: u64,
    gb: u64,
    gbk: u64,
    eb: u64,
    ebk: u64,
    fs: Vec<u32>,
}

pub(super) fn write(report: &Report<'_>, out: &mut dyn Write) -> io::Result<()> {
    let replayed = report.replayed;
    let microseconds = |tick| replayed.clock.ns(tick) / 1000;
    // Over a whole run the counter's rate is all but constant.
    let ticks = replayed.end_tick.saturating_sub(replayed.header.start_tick);
    let microseconds_a_tick = microseconds(replayed.end_tick) as f64 / ticks.max(1) as f64;
    let mut frames = Frames::new();
    let pps = report
        .ranked(Cost::Bytes)
        .into_iter()
        .map(|site| {
            let close_up = replayed.heap.close_up.as_deref();
            let number = site.number as usize;
            let most = close_up.map_or(site.peak, |close_up| close_up.most(number));
            let lived = close_up.map_or(0, |close_up| {
                close_up.lived_ticks(number, site.leaked, replayed.end_tick)
            });
            Point {
                tb: site.bytes,
                tbk: site.allocations,
                tl: (lived as f64 * microseconds_a_tick) as u64,
                mb: most.bytes,
                mbk: most.blocks,
                gb: site.peak.bytes,
                gbk: site.peak.blocks,
                eb: site.leaked.bytes,
                ebk: site.leaked.blocks,
                fs: frames.of(report, &site),
            }
        })
        .collect();
    let file = File {
        version: 2,
        mode: "heap",
        verb: "Allocated",
        bklt: true,
        bkacc: false,
        tu: "\u{b5}s",
        million_tu: "s",
        tuth: SHORT_LIVED_US,
        cmd: report.command().join(" "),
        pid: replayed.header.pid,
        tg: microseconds(replayed.heap.peak.tick),
        te: microseconds(replayed.end_tick),
        pps,
        ftbl: frames.texts,
    };
    serde_json::to_writer(&mut *out, &file)?;
    writeln!(out)
}

/// The frames, numbered. dh_view refuses two call stacks with the same numbers, so frames are told
/// apart by their addresses, as DHAT's are; one line may call from several.
struct Frames {
    texts: Vec<String>,
    by_address: FxHashMap<CodeAddress, Vec<u32>>,
    by_function: FxHashMap<Function, u32>,
}

impl Frames {
    fn new() -> Self {
        Frames {
            texts: vec!["[root]".to_owned()],
            by_address: FxHashMap::default(),
            by_function: FxHashMap::default(),
        }
    }

    /// The stack of a site: the function called, then its callers.
    fn of(&mut self, report: &Report<'_>, site: &SiteView) -> Vec<u32> {
        let texts = &mut self.texts;
        let mut add = |text: String| {
            texts.push(text);
            (texts.len() - 1) as u32
        };
        let called = *self
            .by_function
            .entry(site.function)
            .or_insert_with(|| add(site.function.shown().to_owned()));
        let mut stack = vec![called];
        for address in report.replayed.stacks.frames(site.stack) {
            let numbers = self.by_address.entry(address).or_insert_with(|| {
                let frames = report.naming().frames_at(address);
                frames.map(|frame| add(shown(&frame))).collect()
            });
            stack.extend_from_slice(numbers);
        }
        stack
    }
}

/// `0xADDRESS: function (file.c:12)`, as DHAT writes it.
fn shown(frame: &ShownFrame<'_>) -> String {
    let place = super::valgrind_place(frame);
    format!("{:#X}: {place}", frame.address.unwrap_or(0))
}
