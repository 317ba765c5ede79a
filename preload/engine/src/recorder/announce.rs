//! What events refer to stands in the trace before them: nodes of the table of stacks, and modules. In a forked child of check
//! mode that is also the nodes that its parent's trace has.

use ldt_trace::NodeId;
use ldt_trace::blob::BlobKind;
use ldt_trace::words::{self, MAX_EVENT_WORDS, Node};

use crate::emit::Window;
use crate::modules::Module;
use crate::stacks::memo::Announce;
use crate::stacks::table;
use crate::sys::lock::Lock;

/// Puts what a capture finds into the window, each at once: a node must be in the file before another
/// thread can use it.
pub(super) struct ToWindow<'a>(pub(super) &'a mut Window);

impl Announce for ToWindow<'_> {
    fn node(&mut self, node: &Node) {
        announce_inherited(self.0, node.parent);
        self.0.room(MAX_EVENT_WORDS);
        words::put_node(self.0, node);
        self.0.commit();
    }

    #[cold]
    fn module(&mut self, module: &Module) {
        let mut buffer = [0u8; 6 << 10];
        let record = ldt_trace::Module {
            start: module.start,
            end: module.end,
            bias: module.bias,
            epoch: module.epoch,
            build_id: &module.build_id,
            path: &module.path[..module.path.len().min(5 << 10)],
        };
        if let Some(length) = record.encode(&mut buffer) {
            put(self.0, BlobKind::Module, &buffer[..length]);
        }
    }
}

/// Nodes from before a fork that the child's trace has been given: a bit for each, by number. (An ordered set of
/// them took a twentieth of the time of bash with 300 forks.)
static ANNOUNCED: Lock<Vec<u64>> = Lock::new(Vec::new());

/// Notes that a node is given; gives whether it was not yet.
fn announces_first(id: NodeId) -> bool {
    let (word, bit) = ((id.0 / u64::BITS) as usize, 1 << (id.0 % u64::BITS));
    ANNOUNCED.with(|announced| {
        if announced.len() <= word {
            announced.resize(word + 1, 0);
        }
        let is_first = announced[word] & bit == 0;
        announced[word] |= bit;
        is_first
    })
}

/// Begins with none of them, in a forked child.
///
/// # Safety
/// Only while the process has one thread.
pub unsafe fn forget_announced() {
    // SAFETY: as the caller vouches.
    unsafe { ANNOUNCED.reopen_after_fork() };
    ANNOUNCED.with(Vec::clear);
}

/// Puts a stack from before a fork into the child's own trace, outermost frame first.
#[inline(always)]
pub(super) fn announce_inherited(window: &mut Window, stack: NodeId) {
    if table::is_inherited(stack) {
        announce_slowly(window, stack);
    }
}

#[cold]
#[inline(never)]
fn announce_slowly(window: &mut Window, stack: NodeId) {
    let mut chain = Vec::new();
    let mut next = stack;
    while let Some(node) = table::node(next)
        && announces_first(next)
    {
        next = node.parent;
        chain.push(node);
    }
    for node in chain.iter().rev() {
        window.room(MAX_EVENT_WORDS);
        words::put_node(window, node);
        window.commit();
    }
}

/// Puts something with content of its own into the window.
pub(super) fn put(window: &mut Window, kind: BlobKind, content: &[u8]) {
    window.room(words::blob_words(content.len()));
    words::put_blob(window, kind, content);
    window.commit();
}
