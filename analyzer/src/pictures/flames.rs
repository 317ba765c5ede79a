//! Flame graphs: call stacks by what they cost, and what changed from one trace to another.

use super::{Captions, stack_unit};
use crate::diff::Diff;
use crate::replay::stacks::CodeAddress;
use crate::report::Report;
use crate::report::frames::{Naming, ShownFrame};
use crate::report::site::{Cost, SiteView};
use ldt_viewer::{FlameDifference, FlameGraph, FrameName, FrameTree};
use rustc_hash::FxHashMap;

/// Which end of the stacks is at the root.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Root {
    /// The outermost caller.
    Outermost,
    /// The function that allocated.
    Innermost,
}

/// Every stack of the report by one cost.
#[must_use]
pub fn graph(report: &Report<'_>, cost: Cost, root: Root) -> FlameGraph {
    let captions = Captions::of(report.replayed);
    FlameGraph {
        title: captions.title(&format!("{} by", title(cost))),
        subtitle: captions.command,
        unit: stack_unit(cost),
        tree: turned(tree(report, [cost]), root),
    }
}

/// The stacks of a report by several costs: what a page with a switch is filled from.
#[must_use]
pub fn tree<const COSTS: usize>(report: &Report<'_>, costs: [Cost; COSTS]) -> FrameTree<COSTS> {
    let mut tree = FrameTree::new();
    let mut labels = Labels::default();
    for site in report.sites.iter() {
        let costs = costs.map(|cost| cost.of(&site));
        if costs.iter().any(|cost| *cost > 0) {
            let frames = labels.outwards_in(&mut tree, report.naming(), &site);
            tree.add(frames, costs);
        }
    }
    tree
}

/// Every stack of either trace, before and after.
#[must_use]
pub fn difference(diff: &Diff<'_>, cost: Cost, root: Root) -> FlameDifference {
    let (before, after) = (
        Captions::of(diff.before.replayed),
        Captions::of(diff.after.replayed),
    );
    let mut tree = FrameTree::new();
    let mut labels = [Labels::default(), Labels::default()];
    for change in &diff.changes {
        let costs = [change.before.of(cost), change.after.of(cost)];
        if costs == [0, 0] {
            continue;
        }
        let (site, is_after) = &change.example;
        let report = if *is_after { &diff.after } else { &diff.before };
        let frames = labels[usize::from(*is_after)].outwards_in(&mut tree, report.naming(), site);
        tree.add(frames, costs);
    }
    FlameDifference {
        title: format!(
            "{}, before and after",
            after.title(&format!("{} by", title(cost)))
        ),
        subtitle: before.compared_with(&after),
        unit: stack_unit(cost),
        tree: turned(tree, root),
    }
}

fn turned<const COSTS: usize>(tree: FrameTree<COSTS>, root: Root) -> FrameTree<COSTS> {
    match root {
        Root::Outermost => tree,
        Root::Innermost => tree.inverted(),
    }
}

/// What a cost is, at the head of a picture.
pub(super) fn title(cost: Cost) -> &'static str {
    match cost {
        Cost::Peak => "Bytes held at the peak",
        Cost::Leaked => "Bytes never freed",
        Cost::Allocations => "Allocations",
        Cost::Temporary => "Temporary allocations",
        Cost::Bytes => "Bytes allocated",
        Cost::At => "Bytes held",
    }
}

/// Names of addresses in a tree: stacks share most of their frames.
#[derive(Default)]
struct Labels {
    by_address: FxHashMap<CodeAddress, Vec<FrameName>>,
}

impl Labels {
    /// The frames of a site, the outermost first, the function that was called last.
    fn outwards_in<const COSTS: usize>(
        &mut self,
        tree: &mut FrameTree<COSTS>,
        naming: Naming<'_>,
        site: &SiteView,
    ) -> Vec<FrameName> {
        let called = Naming::called(site);
        let mut frames = vec![tree.name(called.function.unwrap_or_default())];
        for address in naming.replayed.stacks.frames(site.stack) {
            let names = self.by_address.entry(address).or_insert_with(|| {
                let shown = naming.frames_at(address);
                shown.map(|frame| tree.name(&label(&frame))).collect()
            });
            frames.extend(names.iter());
        }
        frames.reverse();
        frames
    }
}

/// How a frame is named in a picture: by its function, without which by its place in its module.
pub(super) fn label(frame: &ShownFrame<'_>) -> String {
    if frame.is_cut {
        return "[stack cut here]".to_owned();
    }
    if let Some(function) = frame.function {
        return function.to_owned();
    }
    let module = frame.module.and_then(|path| path.file_name());
    match (module, frame.offset, frame.address) {
        (Some(module), Some(offset), _) => format!("{}+{offset:#x}", module.to_string_lossy()),
        (_, _, Some(address)) => format!("{address:#x}"),
        _ => "???".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::Path;

    #[test]
    fn frames_without_a_name_say_where_they_are() {
        let named = ShownFrame {
            function: Some("f(int)"),
            ..ShownFrame::default()
        };
        let in_module = ShownFrame {
            module: Some(Path::new("/usr/lib/libx.so.1")),
            offset: Some(0x1234),
            ..ShownFrame::default()
        };
        let stray = ShownFrame {
            address: Some(0x7000),
            ..ShownFrame::default()
        };
        let cut = ShownFrame {
            is_cut: true,
            ..ShownFrame::default()
        };
        let labels = [named, in_module, stray, cut].map(|frame| label(&frame));
        assert_eq!(
            labels,
            ["f(int)", "libx.so.1+0x1234", "0x7000", "[stack cut here]"]
        );
    }
}
