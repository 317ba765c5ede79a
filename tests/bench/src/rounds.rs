//! Lets the tools take turns on one workload.

use std::fs;
use std::path::PathBuf;

use anyhow::{Context, Result};

use crate::meter::{self, Cost, STDOUT};
use crate::options::Options;
use crate::prepare::Bench;
use crate::tool::{COUNT, Tool};
use crate::trace_file::{self, TraceSize};
use crate::workload::{Rival, Workload};

/// A run of a tool that leaves a trace.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Traced {
    /// The run itself.
    pub(crate) cost: Cost,
    /// What it left.
    pub(crate) trace: TraceSize,
    /// Making a full report of it.
    pub(crate) report: Option<Cost>,
}

/// One turn of everybody.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Round {
    /// The program alone.
    pub(crate) bare: Cost,
    /// With the counting preload.
    pub(crate) floor: Option<Cost>,
    /// With LDT.
    pub(crate) ldt: Option<Traced>,
    /// With what stands against it.
    pub(crate) rival: Option<Traced>,
}

/// The largest resident sets of the program itself, in KiB.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Peaks {
    /// Alone.
    pub(crate) bare_kib: u64,
    /// With LDT in it.
    pub(crate) ldt_kib: Option<u64>,
    /// With heaptrack's preload in it.
    pub(crate) heaptrack_kib: Option<u64>,
}

/// All that was measured of a workload.
#[derive(Clone, Debug, Default)]
pub(crate) struct Samples {
    /// Successful allocations, as the counting preload saw them.
    pub(crate) allocations: u64,
    /// As LDT's report says.
    pub(crate) ldt_allocations: Option<u64>,
    /// Distinct nodes of LDT's stack table.
    pub(crate) stack_nodes: Option<u64>,
    /// The rounds.
    pub(crate) rounds: Vec<Round>,
    /// Memory, measured once.
    pub(crate) peaks: Peaks,
    /// What a reader of the figures must know.
    pub(crate) notes: Vec<String>,
}

/// Measures a workload.
pub(crate) fn run(workload: &Workload, options: &Options, bench: &Bench) -> Result<Samples> {
    let mut turn = Turn {
        workload,
        options,
        bench,
        samples: Samples::default(),
    };
    // First, so that whatever a program leaves behind (Python's caches) is there for all that follow.
    turn.peaks()?;
    turn.count()?;
    if options.endless && options.with_heaptrack() && workload.rival == Rival::PreloadAlone {
        turn.endless()?;
    }
    for number in 1..=options.round_count() {
        let round = turn.round(number == 1)?;
        turn.samples.rounds.push(round);
        eprintln!(
            "{}: round {number} of {}",
            workload.name,
            options.round_count()
        );
    }
    Ok(turn.samples)
}

struct Turn<'a> {
    workload: &'a Workload,
    options: &'a Options,
    bench: &'a Bench,
    samples: Samples,
}

impl Turn<'_> {
    fn note(&mut self, text: String) {
        let text = format!("{}: {text}", self.workload.title);
        if !self.samples.notes.contains(&text) {
            self.samples.notes.push(text);
        }
    }

    /// Runs one tool in an empty folder, which it leaves for whoever wants to look into it.
    fn watched(&mut self, tool: Tool) -> Result<(Cost, PathBuf)> {
        let folder = self.bench.run_folder(tool.name())?;
        let job = tool.watch(&self.workload.job, self.bench, &folder, self.options.limit);
        let cost = self.bench.meter.run(&job, &folder)?;
        if cost.exit_code != 0 {
            self.note(format!("exit code {} under {tool:?}", cost.exit_code));
        }
        Ok((cost, folder))
    }

    fn tidy(&self, folder: PathBuf) -> Result<()> {
        if !self.options.keep {
            fs::remove_dir_all(folder)?;
        }
        Ok(())
    }

    fn count(&mut self) -> Result<()> {
        let (_, folder) = self.watched(Tool::Floor)?;
        let path = folder.join(COUNT);
        let text = fs::read_to_string(&path)
            .with_context(|| format!("the counting preload did not write {}", path.display()))?;
        self.samples.allocations = meter::value_of(&text, "allocations")?.max(1);
        self.tidy(folder)
    }

    /// Each preload without its launcher, so that the kernel's figure is that of the program.
    fn peaks(&mut self) -> Result<()> {
        let peak = |turn: &mut Self, tool: Tool| -> Result<u64> {
            let (cost, folder) = turn.watched(tool)?;
            turn.tidy(folder)?;
            Ok(cost.command_peak_kib)
        };
        self.samples.peaks = Peaks {
            bare_kib: peak(self, Tool::Bare)?,
            ldt_kib: self
                .options
                .with_ldt()
                .then(|| peak(self, Tool::LdtPreload))
                .transpose()?,
            heaptrack_kib: self
                .options
                .with_heaptrack()
                .then(|| peak(self, Tool::HeaptrackPreload))
                .transpose()?,
        };
        Ok(())
    }

    /// heaptrack as a whole on what its interpreter does not end with: only to be told.
    fn endless(&mut self) -> Result<()> {
        let (cost, folder) = self.watched(Tool::Heaptrack)?;
        self.note(format!(
            "heaptrack as a whole: exit code {} after {:.0} s, {:.0} s of CPU, largest process {} MiB",
            cost.exit_code,
            cost.wall.as_secs_f64(),
            cost.cpu.as_secs_f64(),
            cost.largest_peak_kib / 1024
        ));
        self.tidy(folder)
    }

    fn round(&mut self, first: bool) -> Result<Round> {
        let (bare, bare_folder) = self.watched(Tool::Bare)?;
        let floor = match self.options.floor {
            true => {
                let (cost, folder) = self.watched(Tool::Floor)?;
                self.tidy(folder)?;
                Some(cost)
            }
            false => None,
        };
        let ldt = match self.options.with_ldt() {
            true => {
                let (traced, folder) = self.traced(self.options.ldt_tool())?;
                if first && !self.options.preload {
                    self.look_into(&bare_folder, &folder)?;
                }
                self.tidy(folder)?;
                Some(traced)
            }
            false => None,
        };
        let rival = match self.options.with_heaptrack() {
            true => {
                let tool = match self.workload.rival {
                    Rival::Whole => Tool::Heaptrack,
                    Rival::PreloadAlone => Tool::HeaptrackPreload,
                };
                let (traced, folder) = self.traced(tool)?;
                self.tidy(folder)?;
                Some(traced)
            }
            false => None,
        };
        self.tidy(bare_folder)?;
        Ok(Round {
            bare,
            floor,
            ldt,
            rival,
        })
    }

    fn traced(&mut self, tool: Tool) -> Result<(Traced, PathBuf)> {
        let (cost, folder) = self.watched(tool)?;
        let trace = trace_file::size(&folder)?;
        let main_trace = trace_file::find(&folder)?.into_iter().next();
        let report = match main_trace.and_then(|path| tool.report(self.bench, path)) {
            Some(job) => {
                let report_folder = self.bench.run_folder("report")?;
                let report = self.bench.meter.run(&job, &report_folder)?;
                if report.exit_code != 0 {
                    self.note(format!(
                        "exit code {} of the report of {tool:?}",
                        report.exit_code
                    ));
                }
                Some(report)
            }
            None => None,
        };
        let traced = Traced {
            cost,
            trace,
            report,
        };
        Ok((traced, folder))
    }

    /// Whether the program printed the same under LDT, and what its trace says about it.
    fn look_into(&mut self, bare_folder: &std::path::Path, folder: &std::path::Path) -> Result<()> {
        if fs::read(bare_folder.join(STDOUT))? != fs::read(folder.join(STDOUT))? {
            self.note("the program printed something else under LDT".to_owned());
        }
        let Some(trace) = trace_file::find(folder)?.into_iter().next() else {
            self.note("LDT left no trace".to_owned());
            return Ok(());
        };
        self.samples.stack_nodes = Some(trace_file::stack_nodes(&trace)?);
        let output = std::process::Command::new(&self.bench.ldt)
            .args(["report", "--format", "json"])
            .arg(&trace)
            .output()
            .context("cannot run ldt report")?;
        let report: serde_json::Value = match serde_json::from_slice(&output.stdout) {
            Ok(report) => report,
            Err(error) => {
                self.note(format!("no JSON from `ldt report --format json`: {error}"));
                return Ok(());
            }
        };
        self.samples.ldt_allocations = report["totals"]["allocations"].as_u64();
        match self.samples.ldt_allocations {
            Some(count) if count == self.samples.allocations => {}
            Some(count) => self.note(format!(
                "LDT counts {count} allocations, the counting preload {}",
                self.samples.allocations
            )),
            None => self.note("no totals.allocations in LDT's report".to_owned()),
        }
        Ok(())
    }
}
