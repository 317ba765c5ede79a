//! How long freed blocks are held back: first in, first out, as long as they weigh no more than
//! `--freelist-vol` together.

/// Freed blocks that a thread collects before they go to the queue of all threads.
pub const BATCH_BLOCKS: usize = 62;

/// What is kept for a freed block beside its slot: its metadata and its place in the queue.
const KEPT_BYTES: u64 = 16 + 8;

/// What a block in a slot with redzones weighs.
#[must_use]
pub const fn small_weight_bytes(slot_bytes: u64) -> u64 {
    slot_bytes + KEPT_BYTES
}

/// A freed guarded slot has no memory of its own any more; this is for the kernel's table of pages and
/// our own data.
/// Each fork copies the latter, 0.3 µs a slot, so that a process that forks often holds fewer back: a shell with 300
/// substitutions and every block guarded spent half of its time on that.
#[must_use]
pub const fn guarded_weight_bytes(forks: u32) -> u64 {
    512 + 256 * forks as u64
}

/// A freed fenced slot keeps its page.
pub const FENCED_WEIGHT_BYTES: u64 = 4096 + KEPT_BYTES;

/// Fenced blocks have a queue of their own, so that they do not push the others out, which weigh so much less:
/// a sixteenth of the volume. Their pages serve again the sooner.
#[must_use]
pub const fn fenced_volume_bytes(volume_bytes: u64) -> u64 {
    volume_bytes / 16
}

/// What is kept empty, for the next blocks, is little beside it.
#[must_use]
pub const fn idle_volume_bytes(volume_bytes: u64) -> u64 {
    volume_bytes / 16
}

/// What is left for most blocks, when fenced ones and call stacks take so much, and empty memory: all is one promise. An
/// eighth in any case (with a quarter python3 compiling its library, from 15,000 call stacks, took 5 MiB more than twice what it
/// takes bare and the volume).
#[must_use]
pub fn common_volume_bytes(volume_bytes: u64, taken_bytes: u64, idle_bytes: u64) -> u64 {
    let kept = taken_bytes + idle_bytes.min(idle_volume_bytes(volume_bytes));
    volume_bytes - kept.min(volume_bytes / 8 * 7)
}

/// A freed large block's pages are given back at once. What it holds is a range of addresses, and the
/// kernel's table of its pages: so a big free does not push everything else out, and a program that
/// frees terabytes in turn does not run out of addresses.
#[must_use]
pub const fn large_weight_bytes(size: u64) -> u64 {
    4096 + size / 1024
}

/// When a thread hands its batch over, be it full or not: a batch must be little beside the whole.
#[must_use]
pub const fn batch_limit_bytes(volume_bytes: u64) -> u64 {
    volume_bytes / 64
}

/// The volume where addresses are scarce: no more than an eighth of what the process may have.
#[must_use]
pub fn volume_bytes(configured: u64, memory_limit_bytes: Option<u64>) -> u64 {
    memory_limit_bytes.map_or(configured, |limit| configured.min(limit / 8))
}

/// The volume where control groups left so much memory at the start, now that the program has so much of it: no more than
/// an eighth of what it leaves. Redzones and what is known of them can make its blocks twice as large, and the kernel does
/// not refuse what is beyond a group's limit, it kills.
#[must_use]
pub fn volume_in_groups_bytes(volume: u64, left_bytes: u64, program_bytes: u64) -> u64 {
    volume.min(left_bytes.saturating_sub(2 * program_bytes) / 8)
}

/// How much empty memory is kept at hand in any case, for programs with little quarantine or none.
#[must_use]
pub fn idle_floor_bytes(groups_left_bytes: Option<u64>) -> u64 {
    groups_left_bytes.map_or(1 << 20, |left| (left / 64).min(1 << 20))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scarce_memory_makes_it_smaller() {
        assert_eq!(volume_bytes(64 << 20, None), 64 << 20);
        assert_eq!(volume_bytes(64 << 20, Some(64 << 20)), 8 << 20);
        assert_eq!(volume_bytes(64 << 20, Some(1 << 40)), 64 << 20);
    }

    #[test]
    fn a_small_group_keeps_its_memory_for_the_program() {
        let volume =
            |left: u64, program: u64| volume_in_groups_bytes(64 << 20, left << 20, program << 20);
        assert_eq!(volume(48, 0), 6 << 20, "an eighth");
        assert_eq!(volume(48, 16), 2 << 20, "of what it leaves");
        assert_eq!(volume(48, 40), 0, "the program's");
        assert_eq!(volume(1 << 20, 100), 64 << 20, "as configured");
        assert_eq!(idle_floor_bytes(Some(48 << 20)), 768 << 10);
        assert_eq!(idle_floor_bytes(None), 1 << 20);
    }

    #[test]
    fn empty_memory_and_fenced_blocks_are_taken_off_and_leave_an_eighth() {
        let volume = 64 << 20;
        assert_eq!(common_volume_bytes(volume, 0, 0), volume);
        assert_eq!(common_volume_bytes(volume, 0, 1 << 20), 63 << 20);
        assert_eq!(common_volume_bytes(volume, 8 << 20, 1 << 20), 55 << 20);
        assert_eq!(common_volume_bytes(volume, 60 << 20, 1 << 30), volume / 8);
    }

    #[test]
    fn a_large_block_weighs_little_but_not_nothing() {
        assert!(large_weight_bytes(1 << 20) < 8192);
        assert!(large_weight_bytes(1 << 40) >= 1 << 30);
    }
}
