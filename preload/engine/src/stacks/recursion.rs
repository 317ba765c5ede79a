//! Stacks that differ only in how deep a recursion is. Each of its levels is a stack of its own: what is found at
//! each of them would be told by gigabytes.

use std::collections::BTreeSet;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};

use ldt_trace::NodeId;

use super::table;

/// Levels of a recursion that are told one by one; what is found at others is counted with the last of these.
pub(crate) const LEVELS: u32 = 16;
/// Frames of a stack, the innermost ones, that are looked at.
const LOOKED_AT: usize = 128;

/// A hash of the frames of a stack, each taken once: the same for all levels of a recursion but the first, and another one for
/// those that are so deep that not all of their frames are looked at.
#[must_use]
pub(crate) fn frames_of(stack: NodeId) -> u64 {
    let mut frames = BTreeSet::new();
    let mut next = table::node(stack);
    for _ in 0..LOOKED_AT {
        let Some(node) = next else { break };
        frames.insert(node.ip);
        next = table::node(node.parent);
    }
    let mut hasher = DefaultHasher::new();
    frames.hash(&mut hasher);
    hasher.finish()
}
