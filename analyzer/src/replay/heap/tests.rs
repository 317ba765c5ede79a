//! Events one by one, and what must be counted then.

use super::*;

const STACK: NodeId = NodeId(1);

fn heap(threads: u32) -> Heap {
    let mut heap = Heap::new(0, true);
    for tid in 0..threads {
        heap.add_thread(tid, tid, false);
    }
    heap
}

fn malloc(heap: &mut Heap, thread: usize, address: u64, size: u64) {
    heap.allocated(thread, Function::Malloc, address, size, STACK, 0);
}

#[test]
fn temporary_is_freed_by_its_thread_before_its_next_allocation() {
    let mut heap = heap(2);
    malloc(&mut heap, 0, 0x10, 1);
    heap.freed(0, 0x10, 0); // temporary
    malloc(&mut heap, 0, 0x10, 1);
    malloc(&mut heap, 1, 0x30, 1); // another thread's allocation does not count
    heap.freed(0, 0x10, 0); // temporary
    malloc(&mut heap, 0, 0x10, 1);
    heap.freed(1, 0x10, 0); // freed by another thread
    malloc(&mut heap, 0, 0x10, 1);
    malloc(&mut heap, 0, 0x20, 1);
    heap.freed(0, 0x10, 0); // too late
    assert_eq!(heap.sites.all()[0].temporary, 2);
    assert_eq!(heap.threads[0].temporary, 2);
    assert_eq!((heap.threads[0].frees, heap.threads[1].frees), (3, 1));
}

#[test]
fn a_missed_free_keeps_the_balance() {
    let mut heap = heap(1);
    malloc(&mut heap, 0, 0x10, 100);
    malloc(&mut heap, 0, 0x10, 7);
    assert_eq!(
        heap.live(),
        Balance {
            bytes: 7,
            blocks: 1
        }
    );
    assert_eq!(heap.mismatches.missed_frees, 1);
    assert_eq!(heap.peak.balance.bytes, 100);
}

#[test]
fn an_unknown_free_and_a_null_pointer_free_nothing() {
    let mut heap = heap(1);
    heap.called_to_free(0, Function::Free, 0x10, 0);
    heap.called_to_free(0, Function::Free, 0, 0);
    heap.finish();
    assert_eq!(heap.mismatches.unknown_frees, 1);
    assert_eq!((heap.frees, heap.calls.of(Function::Free).calls), (0, 2));
}

#[test]
fn what_came_while_not_counting_is_followed_but_not_counted() {
    let mut heap = heap(1);
    heap.set_counting(false);
    malloc(&mut heap, 0, 0x10, 100);
    heap.set_counting(true);
    malloc(&mut heap, 0, 0x20, 5);
    heap.freed(0, 0x10, 0);
    heap.finish();
    assert_eq!(
        heap.live(),
        Balance {
            bytes: 5,
            blocks: 1
        }
    );
    assert_eq!((heap.frees, heap.mismatches.unknown_frees), (0, 0));
    assert_eq!(
        heap.threads[0].live,
        Balance {
            bytes: 5,
            blocks: 1
        }
    );
}

#[test]
fn sites_know_what_they_held_at_the_peak() {
    let mut heap = heap(1);
    heap.allocated(0, Function::Malloc, 0x10, 60, NodeId(1), 5);
    heap.allocated(0, Function::Malloc, 0x20, 40, NodeId(2), 6);
    heap.freed(0, 0x10, 7);
    heap.allocated(0, Function::Malloc, 0x30, 50, NodeId(2), 8);
    let peak = heap.at_peak();
    assert_eq!((peak.tick, peak.heap.bytes, peak.heap.blocks), (6, 100, 2));
    assert_eq!(
        peak.sites.iter().map(|site| site.bytes).collect::<Vec<_>>(),
        [60, 40]
    );
}
