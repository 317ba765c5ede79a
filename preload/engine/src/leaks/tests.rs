//! Marking, held to a model that says the same in sets, and to layouts that people have.

use std::collections::{BTreeMap, BTreeSet};

use ldt_trace::finding::LeakKind;
use proptest::prelude::*;

use super::likely::Code;
use super::mark::Marking;
use super::seen::{Blocks, Hit, Memory};

const BASE: u64 = 0x10_0000;
const APART: u64 = 0x1000;

/// A heap of blocks a page apart, each with its words.
#[derive(Clone, Debug, Default)]
struct Heap {
    blocks: Vec<(u64, Vec<u64>)>,
    elsewhere: BTreeMap<u64, u64>,
}

impl Heap {
    fn of(blocks: Vec<(u64, Vec<u64>)>) -> Heap {
        Heap {
            blocks,
            elsewhere: BTreeMap::new(),
        }
    }

    fn start(number: u32) -> u64 {
        BASE + u64::from(number) * APART
    }

    fn hit(&self, number: u32) -> Option<Hit> {
        self.blocks.get(number as usize).map(|(size, _)| Hit {
            number,
            start: Heap::start(number),
            size: *size,
        })
    }
}

impl Blocks for Heap {
    fn numbers(&self) -> usize {
        self.blocks.len()
    }

    fn find(&self, address: u64) -> Option<Hit> {
        let number = address.checked_sub(BASE)? / APART;
        let hit = self.hit(u32::try_from(number).ok()?)?;
        (address < hit.start + hit.size.max(1)).then_some(hit)
    }

    fn get(&self, number: u32) -> Option<Hit> {
        self.hit(number)
    }

    fn each(&self, visit: &mut dyn FnMut(Hit)) {
        (0..self.blocks.len() as u32)
            .filter_map(|number| self.hit(number))
            .for_each(visit);
    }

    fn age(&self, number: u32) -> u32 {
        // Not the order of the addresses.
        self.blocks.len() as u32 - number
    }

    fn prefetch(&self, _block: &Hit) {}
}

impl Memory for Heap {
    fn read(&self, address: u64, into: &mut [u64]) -> usize {
        for (index, word) in into.iter_mut().enumerate() {
            let at = address + index as u64 * 8;
            let number = at.wrapping_sub(BASE) / APART;
            let in_block = self
                .blocks
                .get(number as usize)
                .and_then(|(_, words)| words.get((at % APART / 8) as usize));
            match in_block.or_else(|| self.elsewhere.get(&at)) {
                Some(found) => *word = *found,
                None => return index,
            }
        }
        into.len()
    }
}

/// Code lies in one page, tables in the next.
struct Pages;
const CODE: u64 = 0x2000;
const TABLES: u64 = 0x3000;

impl Code for Pages {
    fn file_mapping_end(&self, address: u64) -> Option<u64> {
        (CODE..TABLES + 0x1000)
            .contains(&address)
            .then_some(TABLES + 0x1000)
    }

    fn is_code(&self, address: u64) -> bool {
        (CODE..TABLES).contains(&address)
    }
}

/// Kinds, and what follows each definite block, of a heap whose root words are these.
fn marked(heap: &Heap, roots: &[u64]) -> Vec<(LeakKind, u64, u64)> {
    let mut marking = Marking::new(heap, heap, &Pages);
    marking.roots(roots);
    marking.follow();
    let cliques = marking.part_lost();
    (0..heap.blocks.len() as u32)
        .map(|number| {
            let following = cliques.of(number);
            (marking.kind(number), following.blocks, following.bytes)
        })
        .collect()
}

fn kinds(heap: &Heap, roots: &[u64]) -> Vec<LeakKind> {
    marked(heap, roots)
        .into_iter()
        .map(|(kind, ..)| kind)
        .collect()
}

/// The same, said in sets.
fn model(heap: &Heap, roots: &[u64]) -> Vec<LeakKind> {
    let count = heap.blocks.len() as u32;
    let targets = |words: &[u64]| -> Vec<(u32, bool)> {
        words
            .iter()
            .filter_map(|&word| heap.find(word).map(|hit| (hit.number, hit.start == word)))
            .collect()
    };
    let of_block = |number: u32| targets(&heap.blocks[number as usize].1);
    let closure = |from: BTreeSet<u32>, only_starts: bool| -> BTreeSet<u32> {
        let mut reached = from;
        loop {
            let more: Vec<u32> = reached
                .iter()
                .flat_map(|&number| of_block(number))
                .filter(|&(number, start)| (start || !only_starts) && !reached.contains(&number))
                .map(|(number, _)| number)
                .collect();
            if more.is_empty() {
                return reached;
            }
            reached.extend(more);
        }
    };
    let from_roots = targets(roots);
    let starts = from_roots
        .iter()
        .filter(|(_, start)| *start)
        .map(|(number, _)| *number);
    let reachable = closure(starts.collect(), true);
    let led_to = closure(
        from_roots
            .iter()
            .map(|(number, _)| *number)
            .chain(reachable.iter().copied())
            .collect(),
        false,
    );
    let mut definite: BTreeSet<u32> = BTreeSet::new();
    let mut seen: BTreeSet<u32> = BTreeSet::new();
    let mut by_age: Vec<u32> = (0..count)
        .filter(|number| !led_to.contains(number))
        .collect();
    by_age.sort_by_key(|&number| heap.age(number));
    for leader in by_age {
        if seen.contains(&leader) {
            continue;
        }
        // What an older one leads is not looked through again: a younger one that points into the middle
        // of a cycle does not take over the cycle's leader (as in valgrind).
        let mut behind = BTreeSet::from([leader]);
        loop {
            let new: Vec<u32> = behind
                .iter()
                .filter(|number| !seen.contains(number))
                .flat_map(|&number| of_block(number))
                .map(|(number, _)| number)
                .filter(|number| !behind.contains(number))
                .filter(|number| !seen.contains(number) || definite.contains(number))
                .filter(|number| !led_to.contains(number))
                .collect();
            if new.is_empty() {
                break;
            }
            behind.extend(new);
        }
        definite.retain(|other| !behind.contains(other));
        definite.insert(leader);
        seen.extend(behind);
    }
    (0..count)
        .map(|number| match () {
            () if reachable.contains(&number) => LeakKind::Reachable,
            () if led_to.contains(&number) => LeakKind::Possible,
            () if definite.contains(&number) => LeakKind::Definite,
            () => LeakKind::Indirect,
        })
        .collect()
}

/// A word: a small number, or a pointer to a block's start, inside or end. Interior pointers keep off the
/// second and the fourth word, where the heuristics look.
fn word(blocks: u32) -> impl Strategy<Value = u64> {
    prop_oneof![
        0..50u64,
        (0..blocks).prop_map(Heap::start),
        (
            0..blocks,
            prop_oneof![Just(1u64), Just(17), Just(33), Just(40), Just(64)]
        )
            .prop_map(|(number, offset)| Heap::start(number) + offset),
    ]
}

fn heap_and_roots() -> impl Strategy<Value = (Heap, Vec<u64>)> {
    (1..14u32).prop_flat_map(|count| {
        let block = (0..9usize, 0..8u64).prop_flat_map(move |(words, more)| {
            let size = words as u64 * 8 + more;
            proptest::collection::vec(word(count), words).prop_map(move |words| (size, words))
        });
        let blocks = proptest::collection::vec(block, count as usize);
        let roots = proptest::collection::vec(word(count), 0..4);
        (blocks, roots).prop_map(|(blocks, roots)| {
            let elsewhere = BTreeMap::new();
            (Heap { blocks, elsewhere }, roots)
        })
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn kinds_are_those_of_the_model((heap, roots) in heap_and_roots()) {
        prop_assert_eq!(kinds(&heap, &roots), model(&heap, &roots));
    }

    /// Whatever is lost is lost by itself or hangs off what is, once.
    #[test]
    fn every_lost_byte_is_told_once((heap, roots) in heap_and_roots()) {
        let found = marked(&heap, &roots);
        let sizes = heap.blocks.iter().map(|(size, _)| *size);
        let indirect: u64 = found.iter().zip(sizes).filter(|((kind, ..), _)| *kind == LeakKind::Indirect).map(|(_, size)| size).sum();
        let blocks = found.iter().filter(|(kind, ..)| *kind == LeakKind::Indirect).count() as u64;
        let definite = || found.iter().filter(|(kind, ..)| *kind == LeakKind::Definite);
        prop_assert_eq!(definite().map(|(_, _, bytes)| bytes).sum::<u64>(), indirect);
        prop_assert_eq!(definite().map(|(_, blocks, _)| blocks).sum::<u64>(), blocks);
    }
}

fn block(words: &[u64]) -> (u64, Vec<u64>) {
    (words.len() as u64 * 8, words.to_vec())
}

#[test]
fn a_chain_of_a_million_blocks_needs_no_recursion() {
    let heap = Heap::of(
        (1..=1_000_000)
            .map(|next| block(&[Heap::start(next)]))
            .collect(),
    );
    let found = kinds(&heap, &[Heap::start(0)]);
    assert!(found.iter().all(|kind| *kind == LeakKind::Reachable));
    let found = marked(&heap, &[]);
    let definite: Vec<_> = found
        .iter()
        .filter(|(kind, ..)| *kind == LeakKind::Definite)
        .collect();
    assert_eq!(definite, [&(LeakKind::Definite, 999_999, 999_999 * 8)]);
}

#[test]
fn a_possible_block_that_turns_out_reachable_is_read_again() {
    let heap = Heap::of(vec![
        block(&[Heap::start(1)]),
        block(&[0, 0, 0, 0]),
        block(&[Heap::start(0)]),
    ]);
    // Block 0 is first met by its inside, then by way of block 2.
    let roots = [Heap::start(0) + 4, Heap::start(2)];
    assert_eq!(kinds(&heap, &roots), [LeakKind::Reachable; 3]);
}

#[test]
fn pointers_that_programs_mean_make_reachable() {
    let mut heap = Heap::default();
    let table = [0, CODE + 8, CODE + 16];
    heap.elsewhere = table
        .iter()
        .enumerate()
        .map(|(index, word)| (TABLES + index as u64 * 8, *word))
        .collect();
    heap.blocks = vec![
        // An array of five elements of 16 bytes, with its count before it.
        block(&[5, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]),
        // Bytes with their number before them.
        (8 + 13, vec![13, 0]),
        // A string with its length and its capacity, 7.
        (3 * 8 + 8, vec![3, 7, 1, 0]),
        // An object with two bases.
        block(&[TABLES, 1, TABLES + 8, 2]),
    ];
    let at = |number, offset| Heap::start(number) + offset;
    let meant = [at(0, 8), at(1, 8), at(2, 24), at(3, 16)];
    assert_eq!(kinds(&heap, &meant), [LeakKind::Reachable; 4]);
    let besides = [at(0, 16), at(1, 9), at(2, 16), at(3, 8)];
    assert_eq!(kinds(&heap, &besides), [LeakKind::Possible; 4]);
}

#[test]
fn an_empty_block_is_found_by_its_address_and_no_block_by_its_end() {
    let heap = Heap::of(vec![(0, vec![]), block(&[1, 2])]);
    let found = kinds(&heap, &[Heap::start(0), Heap::start(1) + 16]);
    assert_eq!(found, [LeakKind::Reachable, LeakKind::Definite]);
}
