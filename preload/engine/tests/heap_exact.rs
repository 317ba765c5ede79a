//! `--exact`: blocks end at their guard page to the byte.

mod heap_common;

use heap_common::{Log, Told, config, free_by, is_accessible, request, start};
use ldt_engine::blocks::{self, Config, Resized, ThreadHeap};
use ldt_engine::options::{GuardChoice, GuardSideChoice};
use ldt_trace::Function;

#[test]
fn the_last_byte_is_the_last_one_before_the_guard() {
    start(&Config {
        exact: true,
        guard_side: GuardSideChoice::After,
        ..config(GuardChoice::All)
    });
    let mut heap = ThreadHeap::new();
    let mut log = Log::default();
    for size in (1..70).chain([999, 4095, 4097, 65_535, 65_537, 100_001, 1_000_003]) {
        let address = heap.allocate(&request(size, 1), &mut log) as u64;
        // As aligned as the size is.
        assert_eq!(address % (1 << size.trailing_zeros().min(12)), 0);
        assert!(is_accessible(address + size - 1));
        assert!(!is_accessible(address + size), "{size}");
        assert_eq!(blocks::size_of_live(address), Some(size));
        assert_eq!(
            blocks::find(address + size).map(|block| block.facts.address),
            Some(address)
        );
        // SAFETY: a live block of that size.
        unsafe { std::ptr::write_bytes(address as *mut u8, 5, size as usize) };
        let Resized::Moved(moved) = heap.resize(address, &request(size + 3, 1), &mut log) else {
            panic!("a live block can be resized");
        };
        assert!(!is_accessible(moved as u64 + size + 3));
        // SAFETY: a live block of at least that size.
        let bytes = unsafe { std::slice::from_raw_parts(moved, size as usize) };
        assert!(bytes.iter().all(|&byte| byte == 5));
        // An alignment that is asked for is kept.
        let aligned = heap.allocate(&request(size, 64), &mut log) as u64;
        assert_eq!(aligned % 64, 0);
        heap.release(aligned, &free_by(Function::Free), &mut log);
        heap.release(moved as u64, &free_by(Function::Free), &mut log);
    }
    assert_eq!(log.told, []);
    // A write before the block meets the pattern.
    let address = heap.allocate(&request(33, 1), &mut log) as u64;
    // SAFETY: open memory of LDT's heap.
    unsafe { ((address - 1) as *mut u8).write(0) };
    heap.release(address, &free_by(Function::Free), &mut log);
    assert!(matches!(&log.told[..], [Told::Damage(damage)] if damage.at == address - 1));
}
