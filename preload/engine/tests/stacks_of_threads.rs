//! Which parts of stacks are dead, on real threads. One test, so that it has a process to itself.

use std::sync::mpsc;
use std::thread;

use ldt_engine::leaks::maps::Maps;
use ldt_engine::leaks::stacks::{Guards, RED_ZONE_BYTES, dead_below, ended};
use ldt_engine::sys::readable::Faults;
use ldt_engine::sys::thread::{pointer, thread_id};

/// What a thread tells of itself: its control block, and an address in a frame of its own.
fn here() -> (u64, u64) {
    let local = 0u8;
    (pointer(), &raw const local as u64)
}

#[test]
fn stacks_of_ended_threads_are_dead_and_those_of_living_ones_below_their_pointer() {
    let (gone_block, gone_local) = thread::spawn(here).join().expect("it ends");
    let (sender, receiver) = mpsc::channel();
    let (go_on, wait) = mpsc::channel::<()>();
    let living = thread::spawn(move || {
        sender.send(here()).expect("somebody listens");
        wait.recv().expect_err("nothing is sent");
    });
    let (living_block, living_local) = receiver.recv().expect("it tells");
    // The second thread may have got the first one's stack; a third one, gone as well, then has not.
    let (other_block, other_local) = thread::spawn(here).join().expect("it ends");
    let (dead_block, dead_local) = if gone_block == living_block {
        (other_block, other_local)
    } else {
        (gone_block, gone_local)
    };

    let maps = Maps::parse(&std::fs::read("/proc/self/maps").expect("there is /proc"));
    let memory = Faults::catch().expect("nobody else reads");
    // A C library that marks guards has stacks among other memory, where they are looked for everywhere.
    for guards in [Guards::Mappings, Guards::Markers] {
        let caller = (pointer(), thread_id());
        let found = ended(&maps, &memory, caller, guards, |_| false);
        let of_dead = found.iter().find(|ended| ended.control_block == dead_block);
        let stack = &of_dead.expect("it is found").stack;
        assert!(stack.contains(&dead_local) && stack.contains(&dead_block));
        assert!(
            found
                .iter()
                .all(|ended| ended.control_block != living_block)
        );
    }

    let interrupted = (living_local, RED_ZONE_BYTES);
    let dead = dead_below(interrupted, living_block, &maps, &memory).expect("it is known");
    assert_eq!(dead.end, living_local - 128);
    let bytes = dead.end - dead.start;
    assert!(bytes > 64 << 10 && bytes < 64 << 20, "{bytes} bytes");
    let (own_block, own_local) = here();
    let own = dead_below((own_local, 0), own_block, &maps, &memory).expect("it is known");
    assert_eq!(own.end, own_local);
    // Another stack than its own tells nothing of a thread.
    assert_eq!(dead_below(interrupted, own_block, &maps, &memory), None);
    drop(memory);
    drop(go_on);
    living.join().expect("it ends");
}
