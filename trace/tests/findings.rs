//! Findings and leak records are read back as they were written, and never panic on other bytes.

use ldt_trace::finding::{
    Access, BlockFacts, BlockState, DetectedBy, ErrorKind, LeakKind, Repeat, Use,
};
use ldt_trace::{Finding, Function, LeakCheck, LeakRecord, NodeId};
use proptest::prelude::*;

prop_compose! {
    fn used()(thread: u32, function in prop::sample::select(Function::ALL), stack: u32) -> Use {
        Use { thread, function, stack: NodeId(stack) }
    }
}

prop_compose! {
    fn block()(
        address: u64, size: u64, alignment: u64,
        state in prop::sample::select(BlockState::ALL),
        allocated in used(), freed in prop::option::of(used()),
    ) -> BlockFacts {
        BlockFacts { address, size, alignment, state, allocated, freed }
    }
}

proptest! {
    #[test]
    fn findings_come_back(
        (id, size, address, thread, stack, memory_at) in any::<(u32, u64, u64, u32, u32, u64)>(),
        kind in prop::sample::select(ErrorKind::ALL),
        detected_by in prop::sample::select(DetectedBy::ALL),
        access in prop::sample::select(Access::ALL),
        block in prop::option::of(block()),
        called in prop::collection::vec(any::<u8>(), 0..40),
        memory in prop::collection::vec(any::<u8>(), 0..300),
        expected in prop::collection::vec(any::<u8>(), 0..300),
        note in prop::collection::vec(any::<u8>(), 0..100),
    ) {
        let finding = Finding {
            id, kind, detected_by, access, size, address, thread, stack: NodeId(stack),
            called: &called, block, memory_at, memory: &memory, expected: &expected, note: &note,
        };
        let mut out = [0; 2048];
        let length = finding.encode(&mut out).expect("it fits");
        prop_assert_eq!(Finding::decode(&out[..length]), Some(finding));
        prop_assert_eq!(finding.encode(&mut out[..length - 1]), None);
        for cut in 0..length {
            prop_assert_eq!(Finding::decode(&out[..cut]), None);
        }
    }

    #[test]
    fn leak_records_come_back(
        (check, blocks, bytes, indirect_blocks, indirect_bytes, example, survivors)
            in any::<(u32, u64, u64, u64, u64, u64, u64)>(),
        kind in prop::sample::select(LeakKind::ALL),
        allocated in used(),
    ) {
        let record = LeakRecord {
            check, kind, allocated, blocks, bytes, indirect_blocks, indirect_bytes, example, survivors,
        };
        prop_assert_eq!(LeakRecord::decode(&record.encode()), Some(record));
        prop_assert_eq!(LeakRecord::decode(&record.encode()[1..]), None);
        let older = LeakRecord { survivors: 0, ..record };
        prop_assert_eq!(LeakRecord::decode(&record.encode()[..LeakRecord::BYTES - 8]), Some(older));
    }

    #[test]
    fn leak_checks_and_repeats_come_back(
        (id, monotonic_ns, pause_ns, records, blocks, bytes, unresponsive_threads)
            in any::<(u32, u64, u64, u32, u64, u64, u32)>(),
        reason in prop::collection::vec(any::<u8>(), 0..40),
    ) {
        let check = LeakCheck {
            id, monotonic_ns, pause_ns, records, blocks, bytes, unresponsive_threads, reason: &reason,
        };
        let mut out = [0; 128];
        let length = check.encode(&mut out).expect("it fits");
        prop_assert_eq!(LeakCheck::decode(&out[..length]), Some(check));
        let repeat = Repeat { id, count: blocks };
        prop_assert_eq!(Repeat::decode(&repeat.encode()), Some(repeat));
    }

    #[test]
    fn any_bytes_are_read_without_panic(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        let _ = Finding::decode(&bytes);
        let _ = LeakCheck::decode(&bytes);
        let _ = LeakRecord::decode(&bytes);
    }
}
