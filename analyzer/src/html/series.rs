//! Who had done what by when: the history of the replay, put in the order of those that it is about.

use super::stacks::PageStacks;
use crate::replay::Replayed;
use crate::replay::history::{Mark, SiteFigures, SizeFigures, ThreadFigures};
use crate::report::Report;
use crate::waste::Allocator;
use ldt_viewer::html::{Moment, Site, SiteMark, SizeClass, SizeMark, Thread, ThreadMark};

/// The heap over time.
pub(super) fn moments(replayed: &Replayed) -> Vec<Moment> {
    let bins = replayed.heap.timeline.bins();
    bins.map(|(tick, bin)| Moment {
        at_ns: replayed.clock.ns(tick),
        low_bytes: bin.low_bytes,
        high_bytes: bin.live_bytes,
        resident_bytes: bin.rss_bytes,
        allocations: bin.allocations,
    })
    .collect()
}

/// Where spans begin and end.
pub(super) fn edges(replayed: &Replayed) -> Vec<u64> {
    let edges = replayed.heap.history.edges();
    edges.map(|tick| replayed.clock.ns(tick)).collect()
}

/// What each call stack did, in the order of the report's sites, which are all that there are.
pub(super) fn sites(report: &Report<'_>, stacks: &mut PageStacks<'_>) -> Vec<Site> {
    let heap = &report.replayed.heap;
    let knows_slack = report.waste.allocator == Allocator::Glibc;
    let mark = |mark: &Mark<SiteFigures>| SiteMark {
        span: mark.span,
        allocations: mark.figures.allocations,
        bytes: mark.figures.bytes,
        temporary: mark.figures.temporary,
        live_bytes: mark.figures.live.bytes,
        live_blocks: mark.figures.live.blocks,
        live_slack_bytes: if knows_slack {
            mark.figures.slack_bytes
        } else {
            0
        },
    };
    let marks = by_owner(&heap.history.sites, report.sites.len(), mark);
    let sites = report.sites.iter().zip(marks);
    sites
        .map(|(site, marks)| {
            let number = site.number as usize;
            let aligned = heap.slack.aligned_of(number);
            let shares = &heap.footprint.worst_sites;
            Site {
                stack: stacks.stack(site.stack),
                called: stacks.word(site.function.shown()),
                peak_bytes: site.peak.bytes,
                peak_blocks: site.peak.blocks,
                peak_slack_bytes: if knows_slack {
                    heap.slack_at_peak(number)
                } else {
                    0
                },
                alignment: aligned.alignment,
                padding_bytes: aligned.padding_bytes,
                shared_free_bytes: shares.get(number).copied().unwrap_or(0),
                marks,
            }
        })
        .collect()
}

/// How large blocks were.
pub(super) fn sizes(replayed: &Replayed) -> Vec<SizeClass> {
    let heap = &replayed.heap;
    let mark = |mark: &Mark<SizeFigures>| SizeMark {
        span: mark.span,
        allocations: mark.figures.count,
        bytes: mark.figures.bytes,
    };
    // By the bits that sizes take, from none to all.
    let mut marks = by_owner(&heap.history.sizes, 65, mark);
    let classes = heap.sizes.classes().into_iter();
    classes
        .map(|class| {
            let bits = u64::BITS - class.first.leading_zeros();
            SizeClass {
                first: class.first,
                last: class.last,
                marks: std::mem::take(&mut marks[bits as usize]),
            }
        })
        .collect()
}

/// What each thread did.
pub(super) fn threads(replayed: &Replayed) -> Vec<Thread> {
    let heap = &replayed.heap;
    let mark = |mark: &Mark<ThreadFigures>| ThreadMark {
        span: mark.span,
        allocations: mark.figures.allocations,
        bytes: mark.figures.bytes,
        frees: mark.figures.frees,
        temporary: mark.figures.temporary,
    };
    let marks = by_owner(&heap.history.threads, heap.threads.len(), mark);
    let threads = heap.threads.iter().zip(marks);
    threads
        .map(|(thread, marks)| Thread {
            name: match &thread.name {
                Some(name) => format!("T{} ({name})", thread.number),
                None => format!("T{}", thread.number),
            },
            left_bytes: thread.live.bytes,
            left_blocks: thread.live.blocks,
            marks,
        })
        .collect()
}

/// Each owner's marks, which stay in the order of time.
fn by_owner<F, M>(
    marks: &[Mark<F>],
    owners: usize,
    convert: impl Fn(&Mark<F>) -> M,
) -> Vec<Vec<M>> {
    let mut counts = vec![0; owners];
    for mark in marks {
        counts[mark.of as usize] += 1;
    }
    let mut sorted: Vec<Vec<M>> = counts.into_iter().map(Vec::with_capacity).collect();
    for mark in marks {
        sorted[mark.of as usize].push(convert(mark));
    }
    sorted
}
