//! Runs a command under `tools/meter.c` and reads what it cost, all of its processes together.

use std::ffi::OsString;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use anyhow::{Context, Result, anyhow};

/// A command with what it needs around it. It runs in a folder of its own.
#[derive(Clone, Debug, Default)]
pub(crate) struct Job {
    /// Program (absolute, or found in PATH) and arguments.
    pub(crate) command: Vec<OsString>,
    /// Variables added to the environment.
    pub(crate) environment: Vec<(&'static str, OsString)>,
    /// What it reads; nothing when absent.
    pub(crate) stdin: Option<PathBuf>,
}

impl Job {
    /// A job of a program and its arguments.
    pub(crate) fn new<I>(command: I) -> Self
    where
        I: IntoIterator,
        I::Item: Into<OsString>,
    {
        Job {
            command: command.into_iter().map(Into::into).collect(),
            ..Job::default()
        }
    }

    /// The same job with a variable set.
    pub(crate) fn with(mut self, name: &'static str, value: impl Into<OsString>) -> Self {
        self.environment.push((name, value.into()));
        self
    }

    /// The same job started by another command.
    pub(crate) fn started_by<I>(mut self, launcher: I) -> Self
    where
        I: IntoIterator,
        I::Item: Into<OsString>,
    {
        let mut command: Vec<OsString> = launcher.into_iter().map(Into::into).collect();
        command.append(&mut self.command);
        self.command = command;
        self
    }
}

/// What a run cost.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Cost {
    /// From its start until the command ended.
    pub(crate) wall: Duration,
    /// User and system time of every process.
    pub(crate) cpu: Duration,
    /// The largest resident set of the command's own process, in KiB.
    pub(crate) command_peak_kib: u64,
    /// The largest resident set of any process, in KiB.
    pub(crate) largest_peak_kib: u64,
    /// As a shell gives it: 128 + N for signal N.
    pub(crate) exit_code: i32,
}

/// The built meter.
#[derive(Clone, Debug)]
pub(crate) struct Meter {
    /// The program `meter`.
    pub(crate) program: PathBuf,
}

/// The names of what a job printed, in its folder.
pub(crate) const STDOUT: &str = "stdout";
/// See [`STDOUT`].
pub(crate) const STDERR: &str = "stderr";

impl Meter {
    /// Runs the job in the folder; its output stays there.
    pub(crate) fn run(&self, job: &Job, folder: &Path) -> Result<Cost> {
        let report = folder.join("meter");
        let create = |name| {
            File::create(folder.join(name))
                .with_context(|| format!("cannot write in {}", folder.display()))
        };
        let stdin = match &job.stdin {
            Some(path) => File::open(path)
                .with_context(|| format!("cannot read {}", path.display()))?
                .into(),
            None => Stdio::null(),
        };
        Command::new(&self.program)
            .arg(&report)
            .args(&job.command)
            .envs(job.environment.iter().map(|(name, value)| (name, value)))
            .current_dir(folder)
            .stdin(stdin)
            .stdout(create(STDOUT)?)
            .stderr(create(STDERR)?)
            .status()
            .with_context(|| format!("cannot run {}", self.program.display()))?;
        let text = fs::read_to_string(&report)
            .with_context(|| format!("{} was not written", report.display()))?;
        parse(&text).with_context(|| format!("in {}", report.display()))
    }
}

/// Reads one `name value` line of a report of `meter` or of the counting preload.
pub(crate) fn value_of(text: &str, name: &str) -> Result<u64> {
    text.lines()
        .find_map(|line| line.strip_prefix(name)?.strip_prefix(' '))
        .ok_or_else(|| anyhow!("no line \"{name} N\""))?
        .parse()
        .with_context(|| format!("the value of {name}"))
}

fn parse(text: &str) -> Result<Cost> {
    Ok(Cost {
        wall: Duration::from_micros(value_of(text, "wall_us")?),
        cpu: Duration::from_micros(value_of(text, "cpu_us")?),
        command_peak_kib: value_of(text, "command_peak_kib")?,
        largest_peak_kib: value_of(text, "largest_peak_kib")?,
        exit_code: i32::try_from(value_of(text, "exit_code")?)?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const REPORT: &str = "wall_us 1500\ncpu_us 2500\ncommand_peak_kib 1932\n\
                          largest_peak_kib 70000\nexit_code 137\n";

    #[test]
    fn a_report_of_the_meter_is_read_in_its_units() {
        let cost = parse(REPORT).unwrap();
        assert_eq!(cost.wall, Duration::from_micros(1500));
        assert_eq!(cost.cpu, Duration::from_micros(2500));
        assert_eq!(
            (cost.command_peak_kib, cost.largest_peak_kib),
            (1932, 70000)
        );
        assert_eq!(cost.exit_code, 137);
    }

    #[test]
    fn a_report_cut_short_says_what_is_missing() {
        let error = parse(&REPORT[..30]).unwrap_err();
        assert_eq!(error.to_string(), "no line \"command_peak_kib N\"");
    }
}
