//! The Firefox Profiler (profiler.firefox.com): allocations with their stacks over time, and the
//! memory track above them.
//!
//! A sample for each event would make files that no browser opens. So a call stack has at most one
//! sample of what it allocated in each span of time, and one of what was freed of it: at the edges of
//! spans, all sums are exact. Retained memory, which the viewer finds by matching addresses, needs to
//! know which allocation a free belongs to; within a stack the oldest is taken to go first, which
//! changes no stack's sum. Addresses are numbers of such portions.

use super::places;
use crate::replay::Replayed;
use crate::replay::history::{Mark, SiteFigures};
use crate::report::Report;
use crate::report::site::SiteView;
use fxprof_processed_profile::{
    CategoryHandle, Frame, FrameFlags, FrameInfo, Profile, ReferenceTimestamp, SamplingInterval,
    StackHandle, ThreadHandle, Timestamp,
};
use std::collections::{HashMap, VecDeque};
use std::io::{self, Write};
use std::time::Duration;

/// Spans of time that the run is divided into.
pub(super) const MOST_SPANS: u32 = 400;

/// Bytes of a stack that were allocated in one span and freed in one later, or never.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Portion {
    bytes: u64,
    allocated_in: u32,
    freed_in: Option<u32>,
}

pub(super) fn write(report: &Report<'_>, out: &mut dyn Write) -> io::Result<()> {
    let replayed = report.replayed;
    let started = Duration::from_nanos(replayed.header.start_realtime_ns);
    let name = report.command().first().copied().unwrap_or("?");
    let edges: Vec<u64> = replayed
        .heap
        .history
        .edges()
        .map(|tick| replayed.clock.ns(tick))
        .collect();
    let mut profile = Profile::new(
        name,
        ReferenceTimestamp::from_duration_since_unix_epoch(started),
        SamplingInterval::from_nanos(edges.get(1).copied().unwrap_or(1).max(1)),
    );
    profile.set_os_name("Linux");
    profile.set_product(&report.command().join(" "));
    profile.set_symbolicated(true);
    let start = Timestamp::from_nanos_since_reference(0);
    let process = profile.add_process(name, replayed.header.pid, start);
    // The viewer wants all allocations of a process in its first thread.
    let thread = profile.add_thread(process, replayed.header.pid, start, true);
    profile.set_thread_name(thread, "allocations of all threads");
    let end = Timestamp::from_nanos_since_reference(replayed.clock.ns(replayed.end_tick));
    profile.set_thread_end_time(thread, end);
    profile.set_process_end_time(process, end);

    memory_track(replayed, &mut profile, process);
    let samples = samples(report, &edges, &mut profile, thread);
    for (address, sample) in samples {
        let at = Timestamp::from_nanos_since_reference(sample.at_ns);
        profile.add_allocation_sample(thread, at, sample.stack, address, sample.bytes);
    }
    // A thread without samples is not shown.
    for at in [start, end] {
        let none = fxprof_processed_profile::CpuDelta::ZERO;
        profile.add_sample(thread, at, None, none, 1);
    }
    serde_json::to_writer(&mut *out, &profile)?;
    writeln!(out)
}

/// The heap over time, as the viewer's memory track has it: by how much it changed.
fn memory_track(
    replayed: &Replayed,
    profile: &mut Profile,
    process: fxprof_processed_profile::ProcessHandle,
) {
    let counter = profile.add_counter(process, "malloc", "Memory", "Live bytes of the heap");
    let mut before = 0;
    for (tick, bin) in replayed.heap.timeline.bins() {
        let at = Timestamp::from_nanos_since_reference(replayed.clock.ns(tick));
        let change = bin.live_bytes as f64 - before as f64;
        let calls = u32::try_from(bin.allocations).unwrap_or(u32::MAX);
        profile.add_counter_sample(counter, at, change, calls);
        before = bin.live_bytes;
    }
}

struct Sample {
    at_ns: u64,
    stack: Option<StackHandle>,
    /// Negative where they were freed.
    bytes: i64,
}

/// All samples in the order of time, each with its portion's number.
fn samples(
    report: &Report<'_>,
    edges: &[u64],
    profile: &mut Profile,
    thread: ThreadHandle,
) -> Vec<(u64, Sample)> {
    let history = &report.replayed.heap.history;
    let mut by_site: HashMap<u32, Vec<Mark<SiteFigures>>> = HashMap::new();
    for mark in &history.sites {
        by_site.entry(mark.of).or_default().push(*mark);
    }
    let mut frames = HashMap::new();
    let mut samples = Vec::new();
    let mut address = 0u64;
    // An allocation is somewhere in its span, and a free of it later in the same or a later one.
    let begin = |span: u32| edges.get(span as usize).copied().unwrap_or(0);
    let middle = |span: u32| begin(span).midpoint(begin(span + 1).max(begin(span)));
    for site in report.sites.iter() {
        let Some(marks) = by_site.get(&site.number) else {
            continue;
        };
        let stack = intern(report, &site, profile, thread, &mut frames);
        for portion in portions(marks) {
            address += 1;
            let bytes = i64::try_from(portion.bytes).unwrap_or(i64::MAX);
            let at_ns = begin(portion.allocated_in);
            samples.push((
                address,
                Sample {
                    at_ns,
                    stack,
                    bytes,
                },
            ));
            if let Some(span) = portion.freed_in {
                let at_ns = middle(span);
                let bytes = -bytes;
                samples.push((
                    address,
                    Sample {
                        at_ns,
                        stack,
                        bytes,
                    },
                ));
            }
        }
    }
    samples.sort_by_key(|(_, sample)| sample.at_ns);
    samples
}

/// Divides what a stack did in its spans into portions, of which the oldest are freed first.
fn portions(marks: &[Mark<SiteFigures>]) -> Vec<Portion> {
    let mut done = Vec::new();
    let mut live: VecDeque<Portion> = VecDeque::new();
    let mut before = SiteFigures::default();
    for mark in marks {
        let allocated = mark.figures.bytes.wrapping_sub(before.bytes);
        let held = before.live.bytes.saturating_add(allocated);
        let mut freed = held.saturating_sub(mark.figures.live.bytes);
        live.push_back(Portion {
            bytes: allocated,
            allocated_in: mark.span,
            freed_in: None,
        });
        while freed > 0
            && let Some(mut oldest) = live.pop_front()
        {
            let part = oldest.bytes.min(freed);
            freed -= part;
            if part > 0 {
                done.push(Portion {
                    bytes: part,
                    freed_in: Some(mark.span),
                    ..oldest
                });
            }
            oldest.bytes -= part;
            if oldest.bytes > 0 {
                live.push_front(oldest);
            }
        }
        before = mark.figures;
    }
    done.extend(live.into_iter().filter(|portion| portion.bytes > 0));
    done
}

/// The stack of a site in the profile: functions, outermost first, the one called last.
fn intern(
    report: &Report<'_>,
    site: &SiteView,
    profile: &mut Profile,
    thread: ThreadHandle,
    frames: &mut HashMap<String, FrameInfo>,
) -> Option<StackHandle> {
    let names: Vec<String> = report
        .naming()
        .stack(site)
        .map(|frame| places::name(&frame).into_owned())
        .collect();
    let mut infos = Vec::new();
    for name in names.into_iter().rev() {
        if !frames.contains_key(&name) {
            let label = profile.intern_string(&name);
            let info = FrameInfo {
                frame: Frame::Label(label),
                category_pair: CategoryHandle::OTHER.into(),
                flags: FrameFlags::empty(),
            };
            frames.insert(name.clone(), info);
        }
        infos.push(frames[&name].clone());
    }
    profile.intern_stack_frames(thread, infos.into_iter())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::replay::sites::Balance;

    fn mark(span: u32, allocated: u64, live: u64) -> Mark<SiteFigures> {
        Mark {
            of: 0,
            span,
            figures: SiteFigures {
                bytes: allocated,
                live: Balance {
                    bytes: live,
                    blocks: 0,
                },
                ..SiteFigures::default()
            },
        }
    }

    #[test]
    fn portions_keep_every_sum() {
        // Span 0: 100 allocated, 40 freed. Span 3: 50 more, nothing freed. Span 5: 100 freed.
        let marks = [mark(0, 100, 60), mark(3, 150, 110), mark(5, 150, 10)];
        let portions = portions(&marks);
        let sum = |chosen: &dyn Fn(&Portion) -> bool| -> u64 {
            let chosen = portions.iter().filter(|portion| chosen(portion));
            chosen.map(|portion| portion.bytes).sum()
        };
        assert_eq!(sum(&|portion| portion.allocated_in == 0), 100);
        assert_eq!(sum(&|portion| portion.allocated_in == 3), 50);
        assert_eq!(sum(&|portion| portion.freed_in == Some(0)), 40);
        assert_eq!(sum(&|portion| portion.freed_in == Some(5)), 100);
        assert_eq!(sum(&|portion| portion.freed_in.is_none()), 10);
    }
}
