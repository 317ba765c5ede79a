// LEAKS: definite=100/1 reachable=50/1
// Box::leak: one reference is dropped, one kept in a static.
use std::hint::black_box;
use std::sync::atomic::{AtomicPtr, Ordering};

static KEPT: AtomicPtr<u8> = AtomicPtr::new(std::ptr::null_mut());

fn bytes(count: usize) -> Box<[u8]> {
    black_box(vec![1u8; count].into_boxed_slice())
}

#[inline(never)]
fn lose() {
    if cfg!(clean) {
        drop(bytes(100));
    } else {
        black_box(Box::leak(bytes(100)));
        KEPT.store(Box::leak(bytes(50)).as_mut_ptr(), Ordering::Relaxed);
        black_box(&KEPT);
    }
}

fn main() {
    lose();
}
