//! `ldt leaks`: asks a running process for a leak check, and shows what it finds.
//!
//! The process is asked by a word in the header page of its trace, which it maps and looks at whenever
//! it allocates or frees; one that does not come by soon is woken by a signal ([`super::wake`]).

use super::wake::wake;
use crate::failure::Failure;
use crate::findings::{self, LeakReport, Namer};
use crate::report::errors::Detail;
use crate::report::leaks::{Amounts, leak_summary, lines};
use crate::units::parse_whole;
use ldt_trace::finding::LeakKind;
use ldt_trace::header::{HEADER_BYTES, Header, MAGIC, flag, offset};
use std::collections::BTreeSet;
use std::fs::{File, OpenOptions};
use std::os::unix::fs::FileExt as _;
use std::path::PathBuf;
use std::time::{Duration, Instant};

/// How long the process may take to come by, unless `--wait` says otherwise.
const WAIT_SECONDS: u64 = 30;
const BETWEEN_LOOKS: Duration = Duration::from_millis(5);
/// A process that has not come by in this time sleeps, and is woken.
const AWAKE: Duration = Duration::from_millis(200);

/// The options of `ldt leaks`.
#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// Kinds of leaks to show: definite, indirect, possible, reachable, or all
    #[arg(long, value_name = "KIND,…", default_value = "definite,possible")]
    show_leak_kinds: String,
    /// Give up when the process has not answered after so many seconds
    #[arg(long, value_name = "SECONDS", default_value_t = WAIT_SECONDS)]
    wait: u64,
    /// The process; it must run under `ldt check`
    #[arg(value_parser = parse_whole::<u32>, allow_negative_numbers = true)]
    pid: u32,
}

/// Asks, waits and shows.
pub(super) fn run(options: &Options) -> Result<u8, Failure> {
    let kinds = kinds(&options.show_leak_kinds)?;
    let pid = options.pid;
    let (path, file) = trace_of(pid)?;
    let before = header(&file, pid)?;
    let made = |header: &Header| {
        header
            .checked
            .as_ref()
            .map_or(0, |counts| counts.leak_checks)
    };
    ask(&file, pid)?;
    let begun = Instant::now();
    let mut woken = None;
    while made(&header(&file, pid)?) == made(&before) {
        if begun.elapsed() > Duration::from_secs(options.wait) {
            let asleep = match woken {
                Some(Err(asleep)) => format!(", and could not be woken: {asleep}"),
                _ => String::new(),
            };
            return Err(Failure::own(format!(
                "process {pid} has not answered for {} s: it answers when it allocates or frees{asleep}",
                options.wait
            )));
        }
        if woken.is_none() && begun.elapsed() > AWAKE {
            woken = Some(wake(&file, pid));
        }
        std::thread::sleep(BETWEEN_LOOKS);
    }
    let report = findings::of_trace(&path, &mut Namer::default())
        .map_err(|error| Failure::own(error.to_string()))?
        .and_then(|report| report.leaks)
        .ok_or_else(|| Failure::own(format!("process {pid} made no leak check")))?;
    print(pid, &report, &kinds);
    Ok(0)
}

fn kinds(text: &str) -> Result<BTreeSet<LeakKind>, Failure> {
    if text == "all" {
        return Ok(LeakKind::ALL.iter().copied().collect());
    }
    text.split(',')
        .map(|word| {
            let found = LeakKind::ALL.iter().find(|kind| kind.shown() == word);
            found.copied().ok_or_else(|| {
                Failure::own(format!(
                    "--show-leak-kinds does not take \"{word}\"; it takes definite, indirect, possible, reachable, all"
                ))
            })
        })
        .collect()
}

/// The trace that a process writes: it maps the file's first page, shared.
fn trace_of(pid: u32) -> Result<(PathBuf, File), Failure> {
    let maps = std::fs::read_to_string(format!("/proc/{pid}/maps"))
        .map_err(|error| Failure::own(format!("process {pid} cannot be looked at: {error}")))?;
    let mut denied = None;
    for line in maps.lines() {
        let mut fields = line.split_ascii_whitespace();
        let (Some(_), Some("rw-s"), Some("00000000")) =
            (fields.next(), fields.next(), fields.next())
        else {
            continue;
        };
        let Some(at) = line.find('/') else { continue };
        let path = PathBuf::from(&line[at..]);
        match OpenOptions::new().read(true).write(true).open(&path) {
            Ok(file) if is_checked(&file, pid) => return Ok((path, file)),
            Ok(_) => {}
            Err(error) => denied = Some(format!(" ({}: {error})", path.display())),
        }
    }
    Err(Failure::own(format!(
        "process {pid} is not in check mode, or its trace cannot be opened{}; start it with `ldt check`",
        denied.unwrap_or_default()
    )))
}

fn is_checked(file: &File, pid: u32) -> bool {
    header(file, pid).is_ok_and(|header| header.pid == pid && header.flags & flag::CHECKED != 0)
}

fn header(file: &File, pid: u32) -> Result<Header, Failure> {
    let mut page = [0; HEADER_BYTES];
    let read = file.read_exact_at(&mut page, 0);
    if read.is_err() || page[..MAGIC.len()] != MAGIC {
        return Err(Failure::own(format!("the trace of process {pid} is gone")));
    }
    let header = Header::decode(&page);
    if header.flags & (flag::EXITED | flag::REAPED) != 0 {
        return Err(Failure::own(format!(
            "process {pid} has ended; its leaks are in the report of the run"
        )));
    }
    Ok(header)
}

/// Raises the word that the process looks at.
fn ask(file: &File, pid: u32) -> Result<(), Failure> {
    let at = offset::LEAK_REQUESTS as u64;
    let mut word = [0; 4];
    file.read_exact_at(&mut word, at)
        .and_then(|()| {
            let next = u32::from_le_bytes(word).wrapping_add(1);
            file.write_all_at(&next.to_le_bytes(), at)
        })
        .map_err(|error| Failure::own(format!("process {pid} cannot be asked: {error}")))
}

fn print(pid: u32, report: &LeakReport, kinds: &BTreeSet<LeakKind>) {
    let shown: Vec<_> = report
        .records
        .iter()
        .filter(|record| kinds.contains(&record.kind))
        .collect();
    let mut amounts = Amounts::default();
    for record in &report.records {
        amounts.add(record, false);
    }
    let mut text = Vec::new();
    for (index, record) in shown.iter().enumerate() {
        text.extend(lines(record, index + 1, shown.len(), Detail::default()));
        text.push(String::new());
    }
    text.extend(leak_summary(&amounts));
    text.push(format!(
        "the process stood still for {:.1} ms",
        report.pause_ns as f64 / 1e6
    ));
    for line in text {
        println!("{}", format!("=={pid}== {line}").trim_end());
    }
}
