//! Nothing is lost when a process is killed: four threads count what they have finished in a file
//! mapped into memory, SIGKILL comes at a random moment, and the report must have at least all of that,
//! and at most the one call in flight in each thread more. (The other endings, from `_exit` to a segfault,
//! are samples of their own: `samples/endings`.)

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use ldt_tests::installed::ldt;
use ldt_tests::report::Report;
use ldt_tests::samples::{Sample, Variant};
use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;

const THREADS: usize = 4;

#[test]
fn every_event_before_sigkill_is_in_the_report() {
    let mut seed = 2;
    for kill in 0..50 {
        // Moments spread evenly over the orders of magnitude, from the first events on.
        let moment = 1u64 << (next_random(&mut seed) % 20);
        let moment = moment + next_random(&mut seed) % moment;
        let mut run = Run::start();
        run.wait_for_events(moment);
        run.kill();
        let ledger = run.ledger();
        let report = Report::of(&run.trace());
        check(
            &report,
            &ledger,
            &ledger,
            1,
            &format!("kill {kill} after {moment} events"),
        );
        assert_eq!(report.exit.signal, Some(9), "kill {kill}");
    }
}

#[test]
fn a_report_of_a_running_program_has_everything_so_far() {
    let mut run = Run::start();
    for events in [1_000, 50_000, 400_000] {
        run.wait_for_events(events);
        let before = run.ledger();
        let report = Report::of(&run.trace());
        let after = run.ledger();
        check(
            &report,
            &before,
            &after,
            1,
            &format!("after {events} events"),
        );
    }
    run.kill();
}

#[test]
fn a_report_of_a_running_program_says_that_its_end_is_unknown() {
    let mut program = Run::start();
    program.wait_for_events(1_000);
    let outcome = ldt_tests::run::run(Command::new(ldt()).arg("report").arg(program.trace()));
    assert!(
        outcome.stdout.contains("no end noted: it still ran"),
        "{}",
        outcome.stdout
    );
    program.kill();
}

/// Compares a report with the ledger as it was before and after: thread by thread, at least what was
/// finished before, at most what was finished after and `in_flight` calls more.
fn check(report: &Report, before: &Ledger, after: &Ledger, in_flight: u64, when: &str) {
    for thread in 0..THREADS {
        let function = format!("worker_{thread}");
        let allocations: u64 = report
            .sites_in(&function)
            .map(|site| site.allocations)
            .sum();
        let live: u64 = report
            .sites_in(&function)
            .map(|site| site.leaked_blocks)
            .sum();
        let least = before.threads[thread];
        let most = after.threads[thread];
        assert!(
            (least.allocated..=most.allocated + in_flight).contains(&allocations),
            "{when}: thread {thread} finished {} to {} allocations, the report has {allocations}",
            least.allocated,
            most.allocated
        );
        let frees = allocations - live;
        assert!(
            (least.freed..=most.freed + in_flight).contains(&frees),
            "{when}: thread {thread} finished {} to {} frees, the report has {frees}",
            least.freed,
            most.freed
        );
    }
}

/// What the program says that it has finished.
struct Ledger {
    pid: u64,
    threads: [Finished; THREADS],
}

#[derive(Clone, Copy, Default)]
struct Finished {
    allocated: u64,
    freed: u64,
}

impl Ledger {
    /// The ledger of a program that has not begun is all zero.
    fn read(path: &Path) -> Ledger {
        let bytes = fs::read(path).unwrap_or_default();
        let word = |index: usize| {
            let bytes = bytes.get(index * 8..index * 8 + 8);
            let bytes = bytes.and_then(|bytes| bytes.try_into().ok());
            u64::from_le_bytes(bytes.unwrap_or_default())
        };
        let mut threads = [Finished::default(); THREADS];
        for (index, thread) in threads.iter_mut().enumerate() {
            // The allocation is written after the free: reading in this order never sees a free too many.
            thread.allocated = word(1 + 2 * index);
            thread.freed = word(2 + 2 * index);
        }
        Ledger {
            pid: word(0),
            threads,
        }
    }

    fn events(&self) -> u64 {
        let events = self.threads.iter().map(|it| it.allocated + it.freed);
        events.sum()
    }
}

/// The program under LDT, running.
struct Run {
    launcher: Child,
    folder: TempDir,
}

impl Run {
    fn start() -> Run {
        let folder = tempfile::tempdir().expect("a temporary folder can be made");
        let program = Sample::named("threads/killed_any_time.c").build(Variant::SHIPPED);
        let launcher = Command::new(ldt())
            .args(["profile", "-o"])
            .arg(folder.path().join("trace"))
            .arg("--")
            .arg(program)
            .arg(folder.path().join("ledger"))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("ldt can be started");
        Run { launcher, folder }
    }

    fn trace(&self) -> PathBuf {
        self.folder.path().join("trace")
    }

    fn ledger(&self) -> Ledger {
        Ledger::read(&self.folder.path().join("ledger"))
    }

    /// Returns when the threads together have finished so many allocations and frees.
    fn wait_for_events(&mut self, events: u64) {
        // Not asserted: only so that a hanging program ends the test.
        let hangs_at = Instant::now() + Duration::from_secs(300);
        while self.ledger().events() < events {
            let ended = self.launcher.try_wait().expect("a child can be asked");
            assert!(ended.is_none(), "the program ended by itself: {ended:?}");
            assert!(Instant::now() < hangs_at, "the program hangs");
            std::thread::yield_now();
        }
    }

    /// Kills the program, not the launcher.
    fn kill(&mut self) {
        let pid = i32::try_from(self.ledger().pid)
            .ok()
            .and_then(Pid::from_raw);
        let pid = pid.expect("the program has written its id");
        kill_process(pid, Signal::KILL).expect("the program can be killed");
        let ended = self.launcher.wait().expect("a child can be waited for");
        assert_eq!(ended.code(), Some(128 + 9), "what ldt says of the end");
    }
}

impl Drop for Run {
    /// After a failed assertion the program must not run on.
    fn drop(&mut self) {
        if let Some(pid) = i32::try_from(self.ledger().pid)
            .ok()
            .and_then(Pid::from_raw)
            && matches!(self.launcher.try_wait(), Ok(None))
        {
            // Both may have ended in between.
            let _ = kill_process(pid, Signal::KILL);
            let _ = self.launcher.kill();
            let _ = self.launcher.wait();
        }
    }
}

/// SplitMix64.
fn next_random(state: &mut u64) -> u64 {
    *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let mut mixed = *state;
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}
