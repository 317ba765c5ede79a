//! The tools that take turns: how each one starts the program, where its trace is, and what makes a
//! report of it.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use crate::meter::Job;
use crate::prepare::Bench;

/// Whoever watches the program.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Tool {
    /// Nobody.
    Bare,
    /// A preload that forwards and counts.
    Floor,
    /// `ldt profile`.
    Ldt,
    /// `libldt.so` without its launcher: the program itself is what the meter waits for.
    LdtPreload,
    /// `heaptrack`.
    Heaptrack,
    /// heaptrack's preload writing its raw text into a file.
    HeaptrackPreload,
}

/// heaptrack's interpreter is kept from eating the machine.
const ADDRESS_SPACE_BYTES: u64 = 8_000_000_000;

impl Tool {
    /// The name of its run's folder.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Tool::Bare => "bare",
            Tool::Floor => "floor",
            Tool::Ldt => "ldt",
            Tool::LdtPreload => "ldt-preload",
            Tool::Heaptrack => "heaptrack",
            Tool::HeaptrackPreload => "heaptrack-preload",
        }
    }

    /// The job watched by this tool, in a folder.
    pub(crate) fn watch(self, job: &Job, bench: &Bench, folder: &Path, limit_s: u32) -> Job {
        let job = job.clone();
        match self {
            Tool::Bare => job,
            Tool::Floor => job
                .with("LD_PRELOAD", &bench.count_library)
                .with("BENCH_COUNT", folder.join(COUNT)),
            Tool::Ldt => {
                let trace = folder.join("trace").into_os_string();
                job.started_by([
                    bench.ldt.clone().into_os_string(),
                    "profile".into(),
                    "-o".into(),
                    trace,
                    "--".into(),
                ])
            }
            Tool::LdtPreload => job.with("LD_PRELOAD", &bench.ldt_library),
            Tool::Heaptrack => {
                let trace = folder.join("trace").into_os_string();
                job.started_by::<[OsString; 9]>([
                    "timeout".into(),
                    "--signal=KILL".into(),
                    limit_s.to_string().into(),
                    "prlimit".into(),
                    format!("--as={ADDRESS_SPACE_BYTES}").into(),
                    "heaptrack".into(),
                    "-o".into(),
                    trace,
                    "--".into(),
                ])
            }
            Tool::HeaptrackPreload => job
                .with("LD_PRELOAD", &bench.heaptrack_library)
                .with("DUMP_HEAPTRACK_OUTPUT", folder.join("trace.raw")),
        }
    }

    /// What turns the trace into a full report; nothing for tools that leave none.
    pub(crate) fn report(self, bench: &Bench, trace: PathBuf) -> Option<Job> {
        match self {
            Tool::Ldt => Some(Job::new([
                bench.ldt.clone().into_os_string(),
                "report".into(),
                trace.into_os_string(),
            ])),
            Tool::Heaptrack => Some(Job::new([
                "heaptrack_print".into(),
                "-f".into(),
                trace.into_os_string(),
            ])),
            Tool::Bare | Tool::Floor | Tool::LdtPreload | Tool::HeaptrackPreload => None,
        }
    }
}

/// The file of the counting preload, in the folder of its run.
pub(crate) const COUNT: &str = "count";
