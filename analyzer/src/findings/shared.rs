//! Stacks that many processes have, held once: a program forks hundreds of times, and what it has lost by then is lost in each
//! of its children.

use super::Frame;
use std::collections::HashSet;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

/// A call stack that may be held by many.
pub type Stack = Arc<[Arc<Frame>]>;

/// The frames and stacks that were met, each once.
#[derive(Debug, Default)]
pub struct Shared {
    frames: HashSet<Arc<Frame>>,
    stacks: HashSet<OfShared>,
    /// How many stacks there were when those that nobody holds any more were let go last.
    kept: usize,
}

/// A stack of shared frames: the same frames are the same pointers.
#[derive(Debug)]
struct OfShared(Stack);

impl OfShared {
    fn pointers(&self) -> impl Iterator<Item = *const Frame> {
        self.0.iter().map(Arc::as_ptr)
    }
}

impl PartialEq for OfShared {
    fn eq(&self, other: &Self) -> bool {
        self.pointers().eq(other.pointers())
    }
}

impl Eq for OfShared {}

impl Hash for OfShared {
    fn hash<H: Hasher>(&self, state: &mut H) {
        for pointer in self.pointers() {
            pointer.hash(state);
        }
    }
}

/// So many stacks are worth no look at whether somebody holds them still.
const FEW: usize = 1 << 12;

impl Shared {
    /// The frame as all have it.
    pub fn frame(&mut self, frame: Arc<Frame>) -> Arc<Frame> {
        match self.frames.get(&frame) {
            Some(known) => Arc::clone(known),
            None => {
                self.frames.insert(Arc::clone(&frame));
                frame
            }
        }
    }

    /// The stack as all have it. Its frames must be [`Self::frame`]'s for it to be found again.
    pub fn stack(&mut self, frames: Vec<Arc<Frame>>) -> Stack {
        let stack = OfShared(frames.into());
        if let Some(known) = self.stacks.get(&stack) {
            return Arc::clone(&known.0);
        }
        let shared = Arc::clone(&stack.0);
        self.stacks.insert(stack);
        shared
    }

    /// Lets go what nobody holds any more, once much has come.
    pub fn let_go(&mut self) {
        if self.stacks.len() < FEW.max(2 * self.kept) {
            return;
        }
        self.stacks.retain(|stack| Arc::strong_count(&stack.0) > 1);
        self.frames.retain(|frame| Arc::strong_count(frame) > 1);
        self.kept = self.stacks.len();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frame(shared: &mut Shared, function: &str) -> Arc<Frame> {
        shared.frame(Arc::new(Frame {
            function: Some(function.to_owned()),
            ..Frame::default()
        }))
    }

    #[test]
    fn equal_stacks_are_one() {
        let mut shared = Shared::default();
        let mut stack = |functions: [&str; 2]| {
            let frames = functions.map(|function| frame(&mut shared, function));
            shared.stack(frames.into())
        };
        let (one, same, other) = (
            stack(["inner", "outer"]),
            stack(["inner", "outer"]),
            stack(["outer", "inner"]),
        );
        assert!(Arc::ptr_eq(&one, &same));
        assert!(!Arc::ptr_eq(&one, &other));
    }

    #[test]
    fn what_nobody_holds_is_let_go() {
        let mut shared = Shared::default();
        let held = frame(&mut shared, "held");
        let held = shared.stack(vec![held]);
        for number in 0..2 * FEW {
            let one = frame(&mut shared, &number.to_string());
            shared.stack(vec![one]);
        }
        shared.let_go();
        assert_eq!((shared.stacks.len(), shared.frames.len()), (1, 1));
        let again = frame(&mut shared, "held");
        assert!(Arc::ptr_eq(&held, &shared.stack(vec![again])));
    }
}
