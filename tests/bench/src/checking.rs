//! `--check`: what `ldt check` costs beside valgrind's memcheck, AddressSanitizer and electric-fence.
//!
//! Each workload runs bare and under each checker in turn; the figures are medians, over the rounds, of
//! the wall time divided by the bare one of the same round, and the peak of the program's own memory.
//! AddressSanitizer needs a rebuild: the C workloads get one, on the real programs its runtime is
//! preloaded alone (no instrumentation). A checker that fails, or does not end in time, is said so.

use std::path::Path;

use anyhow::Result;

use crate::meter::{Cost, Job};
use crate::options::Options;
use crate::prepare::Bench;
use crate::statistics::median;
use crate::workload::Workload;

/// Who checks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Checker {
    Bare,
    Adaptive,
    All,
    Off,
    Memcheck,
    AddressSanitizer,
    ElectricFence,
}

const CHECKERS: [Checker; 7] = [
    Checker::Bare,
    Checker::Adaptive,
    Checker::All,
    Checker::Off,
    Checker::Memcheck,
    Checker::AddressSanitizer,
    Checker::ElectricFence,
];

impl Checker {
    fn name(self) -> &'static str {
        match self {
            Checker::Bare => "bare",
            Checker::Adaptive => "adaptive",
            Checker::All => "guard=all",
            Checker::Off => "guard=off",
            Checker::Memcheck => "memcheck",
            Checker::AddressSanitizer => "ASan",
            Checker::ElectricFence => "electric-fence",
        }
    }

    fn is_ldt(self) -> bool {
        matches!(self, Checker::Adaptive | Checker::All | Checker::Off)
    }

    /// The workload's job under this checker; `None` when it is not there.
    fn watch(self, workload: &Workload, bench: &Bench, limit_s: u32) -> Result<Option<Job>> {
        let job = workload.job.clone();
        let guard = |mode: &str| {
            let command = bench.ldt.clone().into_os_string();
            let words = ["check", "--leak-check=no", mode, "--"].map(Into::into);
            job.clone().started_by([command].into_iter().chain(words))
        };
        let limited = |job: Job| {
            let limit = limit_s.to_string();
            job.started_by(["timeout", "--signal=KILL", &limit])
        };
        Ok(match self {
            Checker::Bare => Some(job),
            Checker::Adaptive => Some(guard("--guard=adaptive")),
            Checker::All => Some(limited(guard("--guard=all"))),
            Checker::Off => Some(guard("--guard=off")),
            Checker::Memcheck => Some(limited(job.started_by([
                "valgrind",
                "-q",
                "--leak-check=no",
                "--trace-children=yes",
            ]))),
            Checker::AddressSanitizer => {
                let quiet = "detect_leaks=0:detect_odr_violation=0";
                match workload.source {
                    Some(source) => {
                        let mut rebuilt = job;
                        rebuilt.command[0] = bench.sanitized(source)?.into_os_string();
                        Some(limited(rebuilt.with("ASAN_OPTIONS", quiet)))
                    }
                    None => Some(limited(
                        job.with("LD_PRELOAD", bench.sanitizer_runtime()?)
                            .with("ASAN_OPTIONS", quiet),
                    )),
                }
            }
            Checker::ElectricFence => {
                let library = Path::new("/usr/lib/libefence.so");
                let library = if library.exists() {
                    library
                } else {
                    Path::new("/usr/lib/x86_64-linux-gnu/libefence.so.0")
                };
                library
                    .exists()
                    .then(|| limited(job.with("LD_PRELOAD", library.as_os_str())))
            }
        })
    }
}

/// What one checker did in all rounds.
#[derive(Clone, Debug, Default)]
struct Runs {
    wall_ratios: Vec<f64>,
    cpu_ratios: Vec<f64>,
    peaks_kib: Vec<f64>,
    failed: Option<i32>,
}

/// Measures all workloads and gives the table.
pub(crate) fn measure(workloads: &[Workload], options: &Options, bench: &Bench) -> Result<String> {
    let names: Vec<&str> = CHECKERS.iter().map(|checker| checker.name()).collect();
    let mut wall = heading("Wall time, times that of the bare program", &names[1..]);
    let mut memory = heading("Peak memory of the largest process, MiB", &names);
    for workload in workloads {
        let runs = rounds(workload, options, bench)?;
        wall += &row(workload, &runs[1..], |runs| ratio(&runs.wall_ratios));
        memory += &row(workload, &runs, |runs| {
            median(runs.peaks_kib.iter().copied())
                .map_or_else(|| "-".to_owned(), |kib| format!("{:.0}", kib / 1024.0))
        });
    }
    Ok(wall + &memory)
}

fn rounds(workload: &Workload, options: &Options, bench: &Bench) -> Result<Vec<Runs>> {
    let mut all = vec![Runs::default(); CHECKERS.len()];
    for number in 1..=options.round_count() {
        let mut bare: Option<Cost> = None;
        for (checker, runs) in CHECKERS.into_iter().zip(&mut all) {
            let left_out = options.only == Some(crate::options::Only::Ldt)
                && !checker.is_ldt()
                && checker != Checker::Bare;
            if left_out || runs.failed.is_some() {
                continue;
            }
            let Some(job) = checker.watch(workload, bench, options.limit)? else {
                runs.failed = Some(127);
                continue;
            };
            let folder = bench.run_folder("check")?;
            let cost = bench.meter.run(&job, &folder)?;
            if cost.exit_code != 0 {
                runs.failed = Some(cost.exit_code);
                eprintln!(
                    "{}: {} ends by {}",
                    workload.name,
                    checker.name(),
                    cost.exit_code
                );
                continue;
            }
            let base = *bare.get_or_insert(cost);
            runs.wall_ratios
                .push(cost.wall.as_secs_f64() / base.wall.as_secs_f64());
            runs.cpu_ratios
                .push(cost.cpu.as_secs_f64() / base.cpu.as_secs_f64());
            runs.peaks_kib.push(cost.largest_peak_kib as f64);
        }
        eprintln!(
            "{}: round {number} of {}",
            workload.name,
            options.round_count()
        );
    }
    Ok(all)
}

fn heading(title: &str, columns: &[&str]) -> String {
    format!(
        "\n### {title}\n\n| | {} |\n|---|{}\n",
        columns.join(" | "),
        "---:|".repeat(columns.len())
    )
}

fn row(workload: &Workload, runs: &[Runs], cell: impl Fn(&Runs) -> String) -> String {
    let cells: Vec<String> = runs
        .iter()
        .map(|runs| match runs.failed {
            Some(code) => format!("fails ({code})"),
            None => cell(runs),
        })
        .collect();
    format!("| {} | {} |\n", workload.title, cells.join(" | "))
}

fn ratio(ratios: &[f64]) -> String {
    median(ratios.iter().copied()).map_or_else(|| "-".to_owned(), |ratio| format!("{ratio:.2}"))
}
