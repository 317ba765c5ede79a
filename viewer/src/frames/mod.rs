//! A tree of frames with their costs: many call stacks, merged where they begin with the same frames.
//!
//! What is drawn as a flame graph, and what a page of tables is filled from. A frame is known by its
//! name alone, so whoever fills the tree in decides whether two lines of one function are one frame or two.
//! The number of costs is part of the type: one for a plain graph, two for what was before and after, several
//! for a page that switches between them.

use std::collections::HashMap;

/// The number of a name in a tree: stacks share most of their names, and each is looked up once.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct FrameName(u32);

/// Call stacks merged from their first frame on.
#[derive(Clone, Debug)]
pub struct FrameTree<const COSTS: usize = 1> {
    names: Vec<Box<str>>,
    numbers: HashMap<Box<str>, FrameName>,
    /// The root first; every node comes after its parent.
    nodes: Vec<Node<COSTS>>,
    children: HashMap<(u32, FrameName), u32>,
}

#[derive(Clone, Copy, Debug)]
struct Node<const COSTS: usize> {
    parent: u32,
    /// The root's is never looked at.
    name: FrameName,
    own: [u64; COSTS],
    total: [u64; COSTS],
}

/// One frame of the tree, on one path from the root.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Frame<'t, const COSTS: usize = 1> {
    /// Its number in the order of [`FrameTree::frames`], from 0.
    pub index: usize,
    /// The number of the frame that it is called from, none for those at the root.
    pub parent: Option<usize>,
    /// How it is named.
    pub name: &'t str,
    /// The costs of the stacks that end here.
    pub own: [u64; COSTS],
    /// The costs of the stacks that go through here.
    pub total: [u64; COSTS],
}

impl<const COSTS: usize> Default for FrameTree<COSTS> {
    fn default() -> Self {
        let root = Node {
            parent: 0,
            name: FrameName(0),
            own: [0; COSTS],
            total: [0; COSTS],
        };
        Self {
            names: Vec::new(),
            numbers: HashMap::new(),
            nodes: vec![root],
            children: HashMap::new(),
        }
    }
}

impl<const COSTS: usize> FrameTree<COSTS> {
    /// A tree without a frame.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The number of a name, a new one if it is new.
    pub fn name(&mut self, name: &str) -> FrameName {
        if let Some(number) = self.numbers.get(name) {
            return *number;
        }
        let number = FrameName(number_of(self.names.len()));
        self.names.push(name.into());
        self.numbers.insert(name.into(), number);
        number
    }

    /// Adds a stack: its frames from the root outwards (`main` first, or what was called first for an
    /// inverted tree), and what it costs.
    pub fn add(&mut self, frames: impl IntoIterator<Item = FrameName>, costs: [u64; COSTS]) {
        let mut at = 0;
        self.nodes[0].pay(costs);
        for name in frames {
            let next = number_of(self.nodes.len());
            let node = *self.children.entry((at, name)).or_insert(next);
            if node == next {
                self.nodes.push(Node {
                    parent: at,
                    name,
                    own: [0; COSTS],
                    total: [0; COSTS],
                });
            }
            self.nodes[node as usize].pay(costs);
            at = node;
        }
        add(&mut self.nodes[at as usize].own, costs);
    }

    /// Adds a stack by its frames' names.
    pub fn add_names<'n>(
        &mut self,
        frames: impl IntoIterator<Item = &'n str>,
        costs: [u64; COSTS],
    ) {
        let frames: Vec<FrameName> = frames.into_iter().map(|frame| self.name(frame)).collect();
        self.add(frames, costs);
    }

    /// The costs of everything.
    #[must_use]
    pub fn total(&self) -> [u64; COSTS] {
        self.nodes[0].total
    }

    /// How many frames there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.nodes.len() - 1
    }

    /// Whether there is no frame.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Every frame, each after the one that it is called from.
    pub fn frames(&self) -> impl Iterator<Item = Frame<'_, COSTS>> {
        let nodes = self.nodes.iter().skip(1).enumerate();
        nodes.map(|(index, node)| Frame {
            index,
            parent: (node.parent as usize).checked_sub(1),
            name: &self.names[node.name.0 as usize],
            own: node.own,
            total: node.total,
        })
    }

    /// The same stacks, each from its last frame to its first.
    #[must_use]
    pub fn inverted(&self) -> Self {
        let mut inverted = Self {
            names: self.names.clone(),
            numbers: self.numbers.clone(),
            ..Self::default()
        };
        for (index, node) in self.nodes.iter().enumerate() {
            if node.own == [0; COSTS] {
                continue;
            }
            let mut outwards = Vec::new();
            let mut at = index;
            while at != 0 {
                outwards.push(self.nodes[at].name);
                at = self.nodes[at].parent as usize;
            }
            inverted.add(outwards, node.own);
        }
        inverted
    }
}

impl<const COSTS: usize> Node<COSTS> {
    fn pay(&mut self, costs: [u64; COSTS]) {
        add(&mut self.total, costs);
    }
}

fn add<const COSTS: usize>(sum: &mut [u64; COSTS], costs: [u64; COSTS]) {
    for (sum, cost) in sum.iter_mut().zip(costs) {
        *sum = sum.saturating_add(cost);
    }
}

/// Four thousand million frames would take 200 GB before this is reached.
fn number_of(index: usize) -> u32 {
    u32::try_from(index).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shape(tree: &FrameTree) -> Vec<(Option<usize>, &str, u64, u64)> {
        tree.frames()
            .map(|frame| (frame.parent, frame.name, frame.own[0], frame.total[0]))
            .collect()
    }

    #[test]
    fn stacks_share_the_frames_that_they_begin_with() {
        let mut tree = FrameTree::new();
        tree.add_names(["main", "read", "malloc"], [5]);
        tree.add_names(["main", "read"], [2]);
        tree.add_names(["main", "malloc"], [1]);
        assert_eq!(
            shape(&tree),
            [
                (None, "main", 0, 8),
                (Some(0), "read", 2, 7),
                (Some(1), "malloc", 5, 5),
                (Some(0), "malloc", 1, 1),
            ]
        );
        assert_eq!(tree.total(), [8]);
    }

    #[test]
    fn inverted_stacks_share_the_frames_that_they_end_with() {
        let mut tree = FrameTree::new();
        tree.add_names(["main", "read", "malloc"], [5]);
        tree.add_names(["main", "read"], [2]);
        tree.add_names(["main", "malloc"], [1]);
        let inverted = tree.inverted();
        let malloc = inverted.frames().find(|frame| frame.name == "malloc");
        assert_eq!(
            malloc.map(|frame| (frame.parent, frame.total)),
            Some((None, [6]))
        );
        assert_eq!(inverted.total(), tree.total());
        assert_eq!(inverted.inverted().len(), tree.len());
    }

    #[test]
    fn recursion_and_costs_without_end_are_survived() {
        let mut tree = FrameTree::new();
        tree.add_names(std::iter::repeat_n("again", 100_000), [u64::MAX]);
        tree.add_names(["again"], [7]);
        assert_eq!((tree.len(), tree.total()), (100_000, [u64::MAX]));
        assert_eq!(tree.inverted().len(), 100_000);
    }

    #[test]
    fn a_tree_without_a_stack_is_empty() {
        let tree: FrameTree<3> = FrameTree::new();
        assert!(tree.is_empty() && tree.frames().next().is_none());
        assert_eq!(tree.inverted().total(), [0; 3]);
    }
}
