//! Stack nodes as stacks of named places.
//!
//! Neighbouring stacks share their outer frames, and each node is looked at once: what it became is kept.
//! Different addresses in one line become one place, so there are fewer of these than of nodes.

use super::by_weight;
use crate::findings::Frame;
use crate::replay::stacks::CodeAddress;
use crate::report::Report;
use crate::report::frames::{Naming, ShownFrame};
use ldt_trace::NodeId;
use ldt_viewer::html::{CallStacks, Place, PlaceNumber, StackNumber, WordNumber};
use rustc_hash::FxHashMap;
use std::path::Path;

/// A page with more stacks than this is slow to open: three megabytes of it, and a second in a browser. A
/// program with 50,000 places that allocate has about 150,000 of them.
const MOST_STACKS: usize = 600_000;

/// Stacks of a page, while they are collected.
pub(super) struct PageStacks<'r> {
    naming: Naming<'r>,
    stacks: CallStacks,
    by_node: FxHashMap<NodeId, StackNumber>,
    by_address: FxHashMap<CodeAddress, Vec<PlaceNumber>>,
    cut_short: usize,
}

impl<'r> PageStacks<'r> {
    /// The stacks of all sites.
    pub(super) fn new(report: &'r Report<'_>) -> Self {
        let mut page = PageStacks {
            naming: report.naming(),
            stacks: CallStacks::default(),
            by_node: FxHashMap::default(),
            by_address: FxHashMap::default(),
            cut_short: 0,
        };
        for number in by_weight(&report.sites) {
            page.stack(report.sites.at(number).stack);
        }
        page
    }

    /// The stack of a node.
    pub(super) fn stack(&mut self, node: NodeId) -> StackNumber {
        let mut new = Vec::new();
        let mut at = node;
        let mut outer = StackNumber::default();
        while let Some((address, outwards)) = self.naming.replayed.stacks.step(at) {
            if let Some(known) = self.by_node.get(&at) {
                outer = *known;
                break;
            }
            new.push((at, address));
            at = outwards;
        }
        for (node, address) in new.into_iter().rev() {
            if self.stacks.len() >= MOST_STACKS {
                self.cut_short += 1;
                return self.without_inner_frames(outer);
            }
            outer = self.extend(outer, address);
            self.by_node.insert(node, outer);
        }
        outer
    }

    /// The stack with one frame more, which stands for all that are left out.
    fn without_inner_frames(&mut self, outer: StackNumber) -> StackNumber {
        let left_out = Place {
            function: self.stacks.word("(inner frames are left out of this page)"),
            ..Place::default()
        };
        let left_out = self.stacks.place(left_out);
        self.stacks.extend(outer, left_out)
    }

    /// The stack with the frames of one address more.
    fn extend(&mut self, outer: StackNumber, address: CodeAddress) -> StackNumber {
        let PageStacks {
            naming,
            stacks,
            by_address,
            ..
        } = self;
        let places = by_address.entry(address).or_insert_with(|| {
            let frames = naming.frames_at(address);
            frames.map(|frame| place(stacks, &frame)).collect()
        });
        // Innermost first, and stacks grow inwards.
        let places = places.iter().rev();
        places.fold(outer, |outer, place| stacks.extend(outer, *place))
    }

    /// The number of a word.
    pub(super) fn word(&mut self, word: &str) -> WordNumber {
        self.stacks.word(word)
    }

    /// The place of a frame that has its names already.
    pub(super) fn place_of(&mut self, frame: &Frame) -> PlaceNumber {
        let shown = ShownFrame {
            function: frame.function.as_deref(),
            file: frame.file.as_deref(),
            line: frame.line,
            module: frame.module.as_deref(),
            offset: frame.offset,
            address: frame.address,
            is_inlined: frame.is_inlined,
            is_cut: frame.is_cut,
        };
        self.place(&shown)
    }

    /// The place of a frame as it is shown.
    pub(super) fn place(&mut self, frame: &ShownFrame<'_>) -> PlaceNumber {
        place(&mut self.stacks, frame)
    }

    /// What is missing.
    pub(super) fn warning(&self) -> Option<String> {
        (self.cut_short > 0).then(|| {
            format!(
                "{} call stacks are not shown to their innermost frames, to keep this page small; \
                 ldt report has them all",
                self.cut_short
            )
        })
    }

    /// All of them.
    pub(super) fn into_stacks(self) -> CallStacks {
        self.stacks
    }
}

fn place(stacks: &mut CallStacks, frame: &ShownFrame<'_>) -> PlaceNumber {
    let function = match frame.function {
        _ if frame.is_cut => stacks.word("(the stack goes on, but was cut here)"),
        Some(function) => stacks.word(function),
        None => stacks.word(&nameless(frame)),
    };
    let place = Place {
        function,
        file: frame.file.map(|file| stacks.word(file)),
        line: frame.line.unwrap_or(0),
        module: frame
            .module
            .map(|module| stacks.word(&module.to_string_lossy())),
        is_inlined: frame.is_inlined,
    };
    stacks.place(place)
}

/// Where code without a name is. Its addresses are of no use to people, and would make a frame of each.
fn nameless(frame: &ShownFrame<'_>) -> String {
    let module = frame.module.and_then(Path::file_name);
    match module {
        Some(module) => format!("??? in {}", module.to_string_lossy()),
        None => "???".to_owned(),
    }
}
