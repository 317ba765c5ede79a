//! The blocks that nothing leads to: which of them are lost by themselves (definite), and which only
//! because the blocks that point to them are (indirect).
//!
//! Each lost block in turn, the oldest first, takes all lost blocks that can be reached from it for its
//! followers; a block that led followers of its own before hands them over. So one block of a cycle
//! stands for all of it, and what hangs off several blocks is counted with the first. Start pointers and
//! interior ones are not told apart here. All this is valgrind's way, and so is its flaw: a younger block
//! that points to a follower in a cycle does not take over the cycle's leader, so both are definite.

use ldt_trace::finding::LeakKind;

use super::mark::Marking;
use super::seen::{Blocks, Memory};

/// What hangs off a block.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Following {
    /// How many blocks.
    pub blocks: u64,
    /// Bytes in them.
    pub bytes: u64,
}

/// What hangs off each lost block, by number.
#[derive(Debug, Default)]
pub struct Cliques {
    following: Vec<Following>,
}

impl Cliques {
    /// What hangs off a definite block.
    #[must_use]
    pub fn of(&self, number: u32) -> Following {
        self.following
            .get(number as usize)
            .copied()
            .unwrap_or_default()
    }
}

impl<B: Blocks, M: Memory> Marking<'_, B, M> {
    /// Parts the blocks that nothing has led to, after [`Marking::follow`].
    pub fn part_lost(&mut self) -> Cliques {
        let mut lost: Vec<u64> = Vec::new();
        self.blocks.each(&mut |block| {
            if self.marks[block.number as usize].kind().is_none() {
                let age = self.blocks.age(block.number);
                lost.push(u64::from(age) << 32 | u64::from(block.number));
            }
        });
        if lost.is_empty() {
            return Cliques::default();
        }
        lost.sort_unstable();
        let mut following = vec![Following::default(); self.blocks.numbers()];
        for entry in lost {
            let leader = entry as u32;
            if self.marks[leader as usize].kind().is_some() {
                continue;
            }
            self.marks[leader as usize].set_kind(LeakKind::Definite);
            let mut led = following[leader as usize];
            self.push(leader);
            while let Some(block) = self.pop() {
                self.scan_block(&block, |marking, word| {
                    let Some(hit) = marking.blocks.find(word) else {
                        return;
                    };
                    let mark = &mut marking.marks[hit.number as usize];
                    let before = mark.kind();
                    if !matches!(before, None | Some(LeakKind::Definite)) || hit.number == leader {
                        return;
                    }
                    mark.set_kind(LeakKind::Indirect);
                    led.blocks += 1;
                    led.bytes += hit.size;
                    if before.is_none() {
                        marking.push(hit.number);
                    } else {
                        // Everything behind a former leader is marked already.
                        let taken = std::mem::take(&mut following[hit.number as usize]);
                        led.blocks += taken.blocks;
                        led.bytes += taken.bytes;
                    }
                });
            }
            following[leader as usize] = led;
        }
        Cliques { following }
    }

    /// The kind of a block, when all is marked.
    #[must_use]
    pub fn kind(&self, number: u32) -> LeakKind {
        self.marks[number as usize]
            .kind()
            .unwrap_or(LeakKind::Definite)
    }
}
