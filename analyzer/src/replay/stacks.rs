//! The stack table: each node is a frame and, through its parent, all the frames outside it.

use super::numbered::Numbered;
use ldt_trace::{NodeId, words::Node};

/// An address of code, as found on a stack.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct CodeAddress {
    /// The instruction pointer: a return address unless `exact`. 0 where the stack was cut.
    pub ip: u64,
    /// Look it up as it is, not as a return address.
    pub exact: bool,
    /// The generation of loaded modules that it belongs to.
    pub epoch: u16,
}

impl CodeAddress {
    /// The address to look up: a call returns to the instruction behind it, which may belong to
    /// another line, or even another function.
    #[must_use]
    pub fn lookup(self) -> u64 {
        if self.exact {
            self.ip
        } else {
            self.ip.wrapping_sub(1)
        }
    }
}

#[derive(Clone, Copy, Debug, Default)]
struct Entry {
    ip: u64,
    parent: u32,
    epoch: u16,
    exact: bool,
    cut: bool,
}

/// All stack nodes seen so far.
#[derive(Debug, Default)]
pub struct Stacks {
    nodes: Numbered<Entry>,
}

impl Stacks {
    /// Takes in a node. Writers number callers before callees; a node that says otherwise is damaged,
    /// and would be a stack without end.
    pub fn add(&mut self, node: &Node) {
        if node.parent >= node.id {
            return;
        }
        *self.nodes.entry(node.id.0) = Entry {
            ip: node.ip,
            parent: node.parent.0,
            epoch: node.epoch,
            exact: node.exact,
            cut: node.cut,
        };
    }

    /// The innermost frame of a stack, and the stack outside it. A frame with ip 0 means that the
    /// stack was cut there.
    #[must_use]
    pub fn step(&self, stack: NodeId) -> Option<(CodeAddress, NodeId)> {
        let entry = self.nodes.get(stack.0);
        let is_unknown = entry.ip == 0 && !entry.cut;
        if stack.0 == 0 || is_unknown {
            return None;
        }
        let address = CodeAddress {
            ip: entry.ip,
            exact: entry.exact,
            epoch: entry.epoch,
        };
        Some((address, NodeId(entry.parent)))
    }

    /// Whether every node of a stack has come.
    #[must_use]
    pub fn is_complete(&self, stack: NodeId) -> bool {
        let mut rest = stack;
        while rest.0 != 0 {
            match self.step(rest) {
                Some((_, outer)) => rest = outer,
                None => return false,
            }
        }
        true
    }

    /// The frames of a stack, innermost first.
    pub fn frames(&self, stack: NodeId) -> impl Iterator<Item = CodeAddress> + '_ {
        let mut rest = stack;
        std::iter::from_fn(move || {
            let (address, outer) = self.step(rest)?;
            rest = outer;
            Some(address)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn node(id: u32, parent: u32, ip: u64) -> Node {
        Node {
            id: NodeId(id),
            parent: NodeId(parent),
            ip,
            exact: false,
            cut: false,
            epoch: 0,
        }
    }

    #[test]
    fn frames_come_innermost_first() {
        let mut stacks = Stacks::default();
        stacks.add(&node(1, 0, 0x10));
        stacks.add(&node(2, 1, 0x20));
        let ips: Vec<u64> = stacks.frames(NodeId(2)).map(|frame| frame.ip).collect();
        assert_eq!(ips, [0x20, 0x10]);
    }

    #[test]
    fn a_damaged_trace_makes_no_loop() {
        let mut stacks = Stacks::default();
        stacks.add(&node(1, 2, 0x10));
        stacks.add(&node(2, 1, 0x20));
        assert_eq!(stacks.frames(NodeId(2)).count(), 1);
    }

    #[test]
    fn an_unknown_node_ends_the_stack() {
        let mut stacks = Stacks::default();
        stacks.add(&node(2, 1, 0x20));
        assert_eq!(stacks.frames(NodeId(2)).count(), 1);
    }
}
