//! The thread that follows the run: it reads errors as they happen, and each process's leaks when it has
//! ended, judges them, and has the [`Teller`] tell them in the order in which they happened.

use super::judge::{Judge, Judged};
use super::settings::{Dialect, Settings};
use super::tell::Teller;
use super::test_name;
use super::told_exactly::ExactWrites;
use super::verdict::Verdict;
use super::watch::{Watch, Watched, is_running};
use crate::findings::named::{self, Ending};
use crate::findings::{ErrorReport, Namer};
use crate::launch::refusal::{self, OwnAllocator};
use crate::launch::supervise::Ended;
use crate::symbols::{LookUp, kept};
use ldt_trace::Tick;
use ldt_trace::header::CheckCounts;
use std::collections::{BTreeSet, HashMap, HashSet};
use std::os::unix::process::ExitStatusExt as _;
use std::path::Path;
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::Duration;

/// How often traces are looked at. An error is shown before a person could have missed it, and the
/// looking costs nothing that can be measured.
const BETWEEN_LOOKS: Duration = Duration::from_millis(20);
/// Descendants that are still there when the command has ended get so many more looks to end, too.
const LAST_LOOKS: usize = 10;
/// And one that is writing down a leak check so many more: five seconds, in which it has to get the processor.
const LOOKS_AT_A_CHECK: usize = 250;

/// What the thread is told.
#[derive(Clone, Copy, Debug)]
pub enum Order {
    /// The command has ended.
    Ended(Ended),
    /// It could not even be started.
    GiveUp,
}

/// What the runs before this one have found.
#[derive(Debug)]
struct Before {
    errors: HashSet<String>,
    exact: ExactWrites,
    /// How many processes they had.
    processes: usize,
}

/// Follows and judges.
#[derive(Debug)]
pub struct Follower {
    settings: Settings,
    /// What is excused.
    pub judge: Judge,
    /// Prints.
    pub teller: Teller,
    watch: Watch,
    namer: Namer,
    /// Processes that have been judged.
    pub processes: Vec<Judged>,
    /// The errors of the runs before, once a further one has begun.
    before: Option<Before>,
    still_running: Vec<u32>,
}

impl Follower {
    /// Follows these traces.
    #[must_use]
    pub fn new(settings: &Settings, judge: Judge, teller: Teller, watch: Watch) -> Self {
        Follower {
            settings: settings.clone(),
            judge,
            teller,
            watch,
            namer: Namer::default(),
            processes: Vec::new(),
            before: None,
            still_running: Vec::new(),
        }
    }

    /// A second run begins, of which only errors count that the first had not.
    pub fn begin_again(&mut self, watch: Watch) {
        let errors = self
            .processes
            .iter()
            .flat_map(|judged| &judged.report.errors);
        self.before = Some(Before {
            errors: errors.map(super::merge::error_key).collect(),
            exact: ExactWrites::of(&self.processes),
            processes: self.processes.len(),
        });
        self.watch = watch;
    }

    /// Whether the runs before had the error already, or knew more of it.
    fn was_before(&self, error: &ErrorReport) -> bool {
        let known = self.before.as_ref();
        known.is_some_and(|known| {
            known.errors.contains(&super::merge::error_key(error)) || known.exact.tell(error)
        })
    }

    /// What an earlier run found after the fact and this one at the instruction is told by this one alone.
    pub fn forget_what_is_told_exactly(&mut self) {
        let Some(before) = &self.before else { return };
        let (earlier, last) = self.processes.split_at_mut(before.processes);
        let exact = ExactWrites::of(last.iter());
        for judged in earlier {
            judged.retain_errors(|error| !exact.tell(error));
        }
    }

    /// Follows until the command has ended.
    pub fn follow(&mut self, inbox: &Receiver<Order>) {
        loop {
            match inbox.recv_timeout(BETWEEN_LOOKS) {
                Err(RecvTimeoutError::Timeout) => self.look(),
                Ok(Order::Ended(ended)) => return self.finish(&ended),
                Ok(Order::GiveUp) | Err(RecvTimeoutError::Disconnected) => return,
            }
        }
    }

    fn look(&mut self) {
        self.watch.look();
        let open = self.open();
        let traces = &self.watch.traces;
        let ended: Vec<usize> = open
            .iter()
            .copied()
            .filter(|&number| traces[number].has_ended())
            .collect();
        let errors = open.iter().flat_map(|&number| traces[number].untold());
        let ends = ended.iter().map(|&number| traces[number].end_tick());
        let Some(newest) = errors.map(|error| error.tick).chain(ends).max() else {
            return;
        };
        // What came before these in a process that was looked at before them is there by now.
        self.watch.look();
        let errors = self.errors_until(newest);
        self.tell_in_time(errors, &ended, |_| None);
    }

    /// The processes of which not all has been told.
    fn open(&self) -> Vec<usize> {
        let traces = self.watch.traces.iter().enumerate();
        let open = traces.filter(|(_, watched)| !watched.is_done);
        open.map(|(number, _)| number).collect()
    }

    /// The command has ended: whoever is left is read as far as it goes.
    fn finish(&mut self, ended: &Ended) {
        self.watch.look_everywhere();
        for _ in 0..LAST_LOOKS {
            self.look();
            let is_left =
                |watched: &Watched| !watched.is_done && is_running(watched.found.header.pid);
            if !self.watch.traces.iter().any(is_left) {
                break;
            }
            std::thread::sleep(BETWEEN_LOOKS);
        }
        // The last image of the command is the one whose end was seen.
        let images = self.watch.traces.iter().enumerate();
        let last = images
            .filter(|(_, watched)| watched.found.header.pid == ended.pid)
            .max_by_key(|(_, watched)| watched.found.header.start_monotonic_ns)
            .map(|(number, _)| number);
        let open = self.open();
        let mut errors = Vec::new();
        for &number in &open {
            self.read_whole_checks(number);
            let watched = &self.watch.traces[number];
            let pid = watched.found.header.pid;
            if is_running(pid) && pid != ended.pid {
                self.still_running.push(pid);
            }
            let all = watched.found.errors.len();
            errors.extend(self.take_errors(number, all));
        }
        self.tell_in_time(errors, &open, |number| {
            (Some(number) == last).then_some(ended)
        });
        self.judge_runner();
    }

    /// Reads what is new of a process, which may run on: one that is just writing down a leak check is given time for it.
    fn read_whole_checks(&mut self, number: usize) {
        for _ in 0..LOOKS_AT_A_CHECK {
            // Asked before: what it wrote until its end is there then.
            let may_go_on = is_running(self.watch.traces[number].found.header.pid);
            self.watch.read(number);
            if !may_go_on || !self.watch.traces[number].found.is_amid_a_check() {
                break;
            }
            std::thread::sleep(BETWEEN_LOOKS);
        }
    }

    /// A shell or another runner that ran nothing worth judging was meant itself.
    fn judge_runner(&mut self) {
        if self.processes.iter().any(|judged| !judged.is_skipped) {
            return;
        }
        for mut judged in std::mem::take(&mut self.processes) {
            if judged.report.parent_pid == std::process::id() {
                judged.is_skipped = false;
                judged.is_last_resort = true;
                let errors: Vec<ErrorReport> = judged.counting_errors().cloned().collect();
                for error in errors {
                    self.teller.error(judged.report.pid, &error);
                }
                self.teller.process(&judged);
            }
            self.processes.push(judged);
        }
    }

    /// The errors of all processes up to this time that can be told.
    fn errors_until(&mut self, newest: Tick) -> Vec<(u32, ErrorReport)> {
        let mut errors = Vec::new();
        for number in 0..self.watch.traces.len() {
            let watched = &self.watch.traces[number];
            let up_to = watched
                .untold()
                .iter()
                .take_while(|error| error.tick <= newest);
            let up_to = watched.told + up_to.count();
            errors.extend(self.take_errors(number, up_to));
        }
        errors
    }

    /// Prints errors of several processes, and what is said at the ends of these, in the order in which it happened.
    fn tell_in_time<'a>(
        &mut self,
        mut errors: Vec<(u32, ErrorReport)>,
        ended: &[usize],
        how: impl Fn(usize) -> Option<&'a Ended>,
    ) {
        errors.sort_by_key(|(_, error)| error.facts.tick);
        let mut errors = errors.into_iter().peekable();
        let mut ended = ended.to_vec();
        ended.sort_by_key(|&number| self.watch.traces[number].end_tick());
        for &number in &ended {
            let end = self.watch.traces[number].end_tick();
            while let Some((pid, error)) = errors.next_if(|(_, error)| error.facts.tick <= end) {
                self.teller.error(pid, &error);
            }
            self.judge_process(number, how(number));
        }
        for (pid, error) in errors {
            self.teller.error(pid, &error);
        }
        let traces = &self.watch.traces;
        let judged = ended.iter().map(|&number| traces[number].found.header.pid);
        kept::let_go(&judged.collect());
    }

    /// The errors of a process up to this one that are to be told, each with the process.
    fn take_errors(&mut self, number: usize, up_to: usize) -> Vec<(u32, ErrorReport)> {
        if self.watch.traces[number].told == up_to {
            return Vec::new();
        }
        self.meet(number);
        let watched = &mut self.watch.traces[number];
        let from = std::mem::replace(&mut watched.told, up_to);
        let pid = watched.found.header.pid;
        let mut errors = named::errors(&watched.found, from, &mut self.namer);
        errors.truncate(up_to - from);
        if self.judge.is_skipped(&self.watch.traces[number].found) {
            return Vec::new();
        }
        errors.retain(|error| !self.was_before(error));
        let told = errors
            .into_iter()
            .filter(|error| !self.judge.is_excused_error(error));
        told.map(|error| (pid, error)).collect()
    }

    /// Notes what a process is, for when something is said of it. The command itself everybody knows, and
    /// what reads valgrind's logs knows by the file.
    fn meet(&mut self, number: usize) {
        let watched = &self.watch.traces[number];
        let header = &watched.found.header;
        let is_known = header.parent_pid == std::process::id()
            || watched.told > 0
            || self.settings.dialect == Dialect::Valgrind;
        if is_known {
            return;
        }
        if let Some(line) = test_name::introduction(&watched.found.facts) {
            self.teller.introduce(header.pid, line);
        }
    }

    /// The process is at its end: its leaks are told, and it joins those that count.
    fn judge_process(&mut self, number: usize, ended: Option<&Ended>) {
        self.meet(number);
        let watched = &mut self.watch.traces[number];
        let found = watched.close();
        let trace = watched.path.clone();
        let is_skipped = self.judge.is_skipped(&found);
        // Most of what is reachable nobody will see; the C library's debug information alone takes longer to read than
        // many a test runs.
        let look_up_of = |kind| {
            if self.settings.tells_leaks(kind) || self.judge.looks_at_lines() {
                LookUp::Lines
            } else {
                LookUp::Functions
            }
        };
        let mut report = named::process(&found, &mut self.namer, look_up_of);
        // What came of the image before an exec is not how the command ended.
        if let Some(ended) = ended.filter(|_| report.ending != Ending::Execed) {
            let signal = ended
                .status
                .signal()
                .and_then(|signal| u32::try_from(signal).ok());
            report.ending = match (ended.status.code(), signal) {
                (Some(code), _) => Ending::Code(code),
                (None, Some(signal)) => Ending::Signal(signal),
                (None, None) => report.ending,
            };
        }
        if self.before.is_some() {
            report.errors.retain(|error| !self.was_before(error));
            if report.errors.is_empty() {
                return;
            }
            // Counted in the first run.
            report.leaks = None;
            report.counts = CheckCounts::default();
            let judged = self.judge.judge(report, trace, is_skipped);
            self.processes.push(judged);
            return;
        }
        let mut judged = self.judge.judge(report, trace, is_skipped);
        judged.drop_untold_records(&self.settings);
        self.namer.let_go();
        self.teller.process(&judged);
        self.processes.push(judged);
    }

    /// Looks for allocators that executables bring along. Children that define malloc are left out: the library is in the
    /// process and sees none of its blocks, so they count as not entered, unless something was found in their calls of the C
    /// library. The command itself is no child: the verdict refuses it. Of an allocator with names of its own there is a warning.
    pub fn leave_out_own_allocators(&mut self, ended: &Ended) -> BTreeSet<String> {
        // A test program often runs once a test; its file is looked into once.
        let mut known: HashMap<String, Option<OwnAllocator>> = HashMap::new();
        let mut left_out = BTreeSet::new();
        let mut beside = BTreeSet::new();
        for judged in &mut self.processes {
            let report = &judged.report;
            let is_command = report.pid == ended.pid || report.parent_pid == std::process::id();
            if judged.is_skipped && !is_command {
                continue;
            }
            let exe = &report.exe;
            judged.own_allocator = *known
                .entry(exe.clone())
                .or_insert_with(|| refusal::own_allocator(Path::new(exe)));
            match judged.own_allocator {
                Some(OwnAllocator::Malloc) if !is_command => {
                    left_out.insert(format!("{exe}: it defines malloc itself"));
                    judged.is_skipped = !judged.has_findings(&self.settings);
                }
                Some(OwnAllocator::Beside(allocator)) if !judged.is_skipped => {
                    beside.insert(refusal::beside(exe, allocator));
                }
                _ => {}
            }
        }
        self.namer.warnings.extend(beside);
        left_out
    }

    /// Says what is said when all is over.
    pub fn conclude(&mut self, verdict: &Verdict) {
        let warnings = std::mem::take(&mut self.namer.warnings);
        self.teller.conclude(verdict, warnings, self.judge.usage());
    }

    /// Processes that outlive the command.
    #[must_use]
    pub fn still_running(&self) -> &[u32] {
        &self.still_running
    }
}
