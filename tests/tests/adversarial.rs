//! Programs made to blow up a profiler: a million sizes over ten thousand stacks, thousands of stacks of
//! 4,000 frames. The memory that LDT adds to the program, and what the analyzer takes, stay bounded.

use std::path::Path;
use std::process::{Command, ExitStatus, Stdio};

use ldt_tests::installed::ldt;
use ldt_tests::profile::{Profiled, profile};
use ldt_tests::run::{Ending, run};
use ldt_tests::samples::{Sample, Variant};

const MIB: u64 = 1 << 20;

#[test]
fn a_million_sizes_over_ten_thousand_stacks_stay_bounded() {
    // The calls make a binary tree of fourteen levels; each inner node has a frame for the call and one
    // for the turn that it takes.
    let nodes = 4 * (1 << 14);
    let profiled = added_memory_is_bounded("adversarial/diversity.c", "memory", nodes);
    assert!(analysis_peak_bytes(&profiled) < 1024 * MIB);
}

#[test]
fn two_thousand_frames_more_in_each_of_many_stacks_stay_bounded() {
    // Pair number n of stacks shares all but n, and n frames, with the stacks before.
    let pairs = 250;
    let nodes = pairs * 4_000;
    let profiled = added_memory_is_bounded("adversarial/deep_stacks.c", &pairs.to_string(), nodes);
    assert!(analysis_peak_bytes(&profiled) < 1024 * MIB);
}

/// An endless recursion is a common mistake: 1.5 GB were taken for the stacks of its blocks, which nobody sees.
#[test]
fn the_leak_check_of_a_deep_recursion_stays_bounded() {
    let program = Sample::named("adversarial/blocks_of_a_deep_recursion.c").build(Variant::SHIPPED);
    let (peak, ended) = peak_bytes(Command::new(ldt()).arg("check").arg(program));
    assert_eq!(ended.code(), Some(128 + 6), "it aborts");
    assert!(peak < 400 * MIB, "ldt check took {peak} bytes");
}

/// Runs a program that prints its own peak, with and without LDT: what it takes more is within what the
/// documentation promises, 8 MiB, 1 MiB a thread and 24 bytes a node of the stack table.
fn added_memory_is_bounded(sample: &str, argument: &str, nodes: u64) -> Profiled {
    let program = Sample::named(sample).build(Variant::SHIPPED);
    let bare = run(Command::new(&program).arg(argument));
    let profiled = profile(&program, [argument]);
    assert_eq!(
        profiled.outcome.ending,
        Ending::Code(0),
        "{:?}",
        profiled.outcome
    );
    let kib = |text: &str| {
        text.trim()
            .parse::<u64>()
            .expect("it prints its peak in KiB")
    };
    let added = kib(&profiled.outcome.stdout).saturating_sub(kib(&bare.stdout)) * 1024;
    let promised = 8 * MIB + MIB + 24 * nodes;
    assert!(
        added <= promised,
        "{sample} took {added} bytes more under LDT, {promised} are promised"
    );
    profiled
}

/// The largest resident set of `ldt report`.
fn analysis_peak_bytes(profiled: &Profiled) -> u64 {
    let (peak, ended) = peak_bytes(Command::new(ldt()).arg("report").arg(profiled.trace()));
    assert!(ended.success(), "ldt report: {ended:?}");
    peak
}

/// The largest resident set of a command, as seen while it ran, and its end.
fn peak_bytes(command: &mut Command) -> (u64, ExitStatus) {
    let mut child = command
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("ldt can be started");
    let status = format!("/proc/{}/status", child.id());
    let mut peak = 0;
    let ended = loop {
        peak = peak.max(peak_of(Path::new(&status)).unwrap_or(0));
        if let Some(ended) = child.try_wait().expect("a child can be asked") {
            break ended;
        }
        std::thread::yield_now();
    };
    assert!(peak > 0, "the peak was never seen");
    (peak, ended)
}

fn peak_of(status: &Path) -> Option<u64> {
    let text = std::fs::read_to_string(status).ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    Some(line.split_whitespace().next()?.parse::<u64>().ok()? * 1024)
}
