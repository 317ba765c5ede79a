//! From a tree to boxes in the order in which they are drawn: each before its children, these from the widest
//! to the narrowest. What would be a small fraction of a pixel is folded into one grey box beside its
//! siblings, so that ten thousand stacks make a page that opens at once.

use std::borrow::Cow;

use crate::frames::FrameTree;
use crate::page::printable;

/// Deeper calls are folded: recursion has no end, and a browser has one.
pub(super) const MOST_LEVELS: usize = 256;
/// Boxes that a browser lays out without a pause.
const MOST_BOXES: usize = 60_000;
/// 1,200 px show a thirtieth of a pixel of this; zoomed in thirty times, it is a pixel wide.
const SMALLEST_PART: f64 = 1.0 / 40_000.0;
/// Longer names are shortened in the middle: a page of names of 100 KB each opens in no browser.
const LONGEST_NAME: usize = 600;

/// A frame, or what was folded beside its siblings.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct FrameBox {
    /// The frame in its tree; none for the root and for what was folded.
    frame: Option<u32>,
    /// How many frames were folded into this one; 0 for all others.
    pub(super) folded: usize,
    /// Calls from the root, whose level is 0.
    pub(super) level: usize,
    /// Where it begins and how wide it is, in units of cost.
    pub(super) left: u64,
    pub(super) weight: u64,
    /// Its costs; both are the same where nothing is compared.
    pub(super) before: u64,
    pub(super) after: u64,
}

/// How wide each frame is, and what the whole is: costs are not always widths.
pub(super) struct Weights {
    /// By frame.
    frames: Vec<u64>,
    whole: u64,
}

impl Weights {
    /// Each frame as wide as its own weight and the widths of its children.
    pub(super) fn of<const COSTS: usize>(tree: &FrameTree<COSTS>, own: &[u64]) -> Self {
        let parents: Vec<Option<usize>> = tree.frames().map(|frame| frame.parent).collect();
        let mut frames = own.to_vec();
        let mut whole = 0u64;
        // Children come after their parents, so they are complete when they are added.
        for (index, parent) in parents.iter().enumerate().rev() {
            let weight = frames[index];
            match parent {
                Some(parent) => frames[*parent] = frames[*parent].saturating_add(weight),
                None => whole = whole.saturating_add(weight),
            }
        }
        Self { frames, whole }
    }
}

/// All boxes of a graph.
#[derive(Debug)]
pub(super) struct Boxes<'t> {
    /// The root first.
    pub(super) all: Vec<FrameBox>,
    names: Vec<&'t str>,
    /// Frames in the tree, and how many of them have no box of their own.
    pub(super) frames: usize,
    pub(super) folded_frames: usize,
    /// The part of the whole under which a frame was folded.
    pub(super) folded_below: f64,
    pub(super) is_cut_in_depth: bool,
}

/// What is known of the frames before boxes are made of them.
struct Frames<'w> {
    /// By frame, the widest first; the last entry is the root's.
    children: Vec<Vec<u32>>,
    /// How many frames are below each, itself included.
    sizes: Vec<usize>,
    costs: Vec<(u64, u64)>,
    weights: &'w [u64],
}

impl<'t> Boxes<'t> {
    /// The boxes of a tree.
    pub(super) fn of<const COSTS: usize>(tree: &'t FrameTree<COSTS>, weights: &Weights) -> Self {
        let count = tree.len();
        let mut frames = Frames {
            children: vec![Vec::new(); count + 1],
            sizes: vec![1; count],
            costs: Vec::with_capacity(count),
            weights: &weights.frames,
        };
        let mut names = Vec::with_capacity(count);
        let mut parents = Vec::with_capacity(count);
        for frame in tree.frames() {
            names.push(frame.name);
            parents.push(frame.parent);
            frames.costs.push(before_and_after(frame.total));
            frames.children[frame.parent.unwrap_or(count)].push(frame.index as u32);
        }
        for index in (0..count).rev() {
            if let Some(parent) = parents[index] {
                frames.sizes[parent] += frames.sizes[index];
            }
        }
        for children in &mut frames.children {
            children.sort_by_key(|child| {
                let child = *child as usize;
                (std::cmp::Reverse(weights.frames[child]), names[child])
            });
        }
        let (before, after) = before_and_after(tree.total());
        let root = FrameBox {
            frame: None,
            folded: 0,
            level: 0,
            left: 0,
            weight: weights.whole,
            before,
            after,
        };
        let mut part = SMALLEST_PART;
        loop {
            let least = (weights.whole as f64 * part).ceil() as u64;
            if let Some(boxes) = unfold(&frames, root, least.max(1)) {
                let folded = boxes.iter().map(|one| one.folded).sum();
                let is_cut_in_depth = boxes
                    .iter()
                    .any(|one| one.folded > 0 && one.level + 1 == MOST_LEVELS);
                return Self {
                    all: boxes,
                    names,
                    frames: count,
                    folded_frames: folded,
                    folded_below: part,
                    is_cut_in_depth,
                };
            }
            part *= 2.0;
        }
    }

    /// How many levels there are, that of the root included.
    pub(super) fn levels(&self) -> usize {
        let deepest = self.all.iter().map(|one| one.level).max();
        deepest.map_or(0, |level| level + 1)
    }

    /// How a box is named, fit to be drawn and of a bounded length.
    pub(super) fn shown_name(&self, number: usize) -> Cow<'t, str> {
        let one = &self.all[number];
        match one.frame {
            Some(frame) => Cow::Owned(bounded(self.names[frame as usize])),
            None if one.folded == 1 => Cow::Borrowed("1 small frame"),
            None if one.folded > 0 => Cow::Owned(format!("{} small frames", one.folded)),
            None => Cow::Borrowed("all"),
        }
    }
}

/// The boxes of at least this weight in the order of drawing; none when they are too many.
fn unfold(frames: &Frames<'_>, root: FrameBox, least: u64) -> Option<Vec<FrameBox>> {
    let mut boxes = Vec::new();
    // What is still to be placed, the next one last: no recursion, since stacks may be of any depth.
    let mut waiting = vec![root];
    while let Some(one) = waiting.pop() {
        boxes.push(one);
        if boxes.len() > MOST_BOXES {
            return None;
        }
        if one.folded > 0 {
            continue;
        }
        let number = one
            .frame
            .map_or(frames.children.len() - 1, |frame| frame as usize);
        let children = &frames.children[number];
        let first_waiting = waiting.len();
        let mut left = one.left;
        let mut rest = FrameBox {
            frame: None,
            folded: 0,
            level: one.level + 1,
            left: 0,
            weight: 0,
            before: 0,
            after: 0,
        };
        let is_too_deep = one.level + 2 >= MOST_LEVELS;
        for child in children {
            let index = *child as usize;
            let (weight, (before, after)) = (frames.weights[index], frames.costs[index]);
            let goes_on = is_too_deep && !frames.children[index].is_empty();
            if weight >= least && !goes_on {
                waiting.push(FrameBox {
                    frame: Some(*child),
                    folded: 0,
                    level: one.level + 1,
                    left,
                    weight,
                    before,
                    after,
                });
                left = left.saturating_add(weight);
            } else if weight > 0 {
                rest.folded += frames.sizes[index];
                rest.weight = rest.weight.saturating_add(weight);
                rest.before = rest.before.saturating_add(before);
                rest.after = rest.after.saturating_add(after);
            }
        }
        if rest.folded > 0 {
            rest.left = left;
            waiting.push(rest);
        }
        waiting[first_waiting..].reverse();
    }
    Some(boxes)
}

fn before_and_after<const COSTS: usize>(costs: [u64; COSTS]) -> (u64, u64) {
    let before = costs.first().copied().unwrap_or(0);
    (before, costs.last().copied().unwrap_or(0))
}

/// A name without what breaks a file, and with the middle of a very long one left out.
fn bounded(name: &str) -> String {
    let half = LONGEST_NAME / 2;
    if name.char_indices().nth(LONGEST_NAME).is_none() {
        return printable(name);
    }
    let head: String = name.chars().take(half).collect();
    let tail: Vec<char> = name.chars().rev().take(half).collect();
    let tail: String = tail.into_iter().rev().collect();
    printable(&format!("{head}…{tail}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn boxes(tree: &FrameTree) -> Boxes<'_> {
        let own: Vec<u64> = tree.frames().map(|frame| frame.own[0]).collect();
        Boxes::of(tree, &Weights::of(tree, &own))
    }

    #[test]
    fn children_lie_within_their_parent_from_the_widest_on() {
        let mut tree = FrameTree::new();
        tree.add_names(["main", "small"], [2]);
        tree.add_names(["main", "large"], [7]);
        tree.add_names(["main"], [1]);
        let boxes = boxes(&tree);
        let found: Vec<_> = (0..boxes.all.len())
            .map(|number| {
                let one = boxes.all[number];
                (boxes.shown_name(number), one.level, one.left, one.weight)
            })
            .collect();
        let expected = [
            ("all", 0, 0, 10),
            ("main", 1, 0, 10),
            ("large", 2, 0, 7),
            ("small", 2, 7, 2),
        ];
        assert!(
            found
                .iter()
                .map(|(name, level, left, weight)| (&**name, *level, *left, *weight))
                .eq(expected)
        );
    }

    #[test]
    fn what_is_too_narrow_is_folded_and_counted() {
        let mut tree = FrameTree::new();
        tree.add_names(["main", "large"], [1_000_000]);
        for index in 0..100 {
            tree.add_names(["main", &format!("tiny{index}"), "leaf"], [1]);
        }
        let boxes = boxes(&tree);
        assert_eq!(boxes.all.len(), 4, "all, main, large and one for the rest");
        assert_eq!((boxes.folded_frames, boxes.frames), (200, 202));
        assert_eq!((boxes.all[3].weight, boxes.all[3].left), (100, 1_000_000));
    }

    #[test]
    fn there_are_never_more_boxes_than_a_browser_likes() {
        let mut tree = FrameTree::new();
        for index in 0..70_000 {
            tree.add_names(["main", &format!("f{index}")], [1]);
        }
        let boxes = boxes(&tree);
        assert!(boxes.all.len() <= MOST_BOXES);
        assert_eq!(boxes.folded_frames, 70_000);
    }

    #[test]
    fn recursion_ends_in_a_folded_box() {
        let mut tree = FrameTree::new();
        tree.add_names(std::iter::repeat_n("again", 50_000), [8]);
        let boxes = boxes(&tree);
        assert_eq!(boxes.levels(), MOST_LEVELS);
        assert!(boxes.is_cut_in_depth);
        assert_eq!(boxes.folded_frames, 50_000 - (MOST_LEVELS - 2));
    }

    #[test]
    fn very_long_names_keep_both_ends() {
        let mut tree = FrameTree::new();
        tree.add_names([&*format!("begin{}end", "x".repeat(5_000))], [1]);
        let boxes = boxes(&tree);
        let name = boxes.shown_name(1);
        assert!(
            name.starts_with("begin")
                && name.ends_with("end")
                && name.chars().count() == LONGEST_NAME + 1
        );
    }
}
