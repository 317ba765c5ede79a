//! What the figures were taken on, and with what: the line above the tables.

use std::fs;
use std::process::Command;

use crate::options::Options;

/// One paragraph of Markdown.
pub(crate) fn describe(options: &Options) -> String {
    let cores = std::thread::available_parallelism().map_or(0, usize::from);
    let rounds = match options.round_count() {
        1 => "one round".to_owned(),
        count => format!("medians of {count} rounds"),
    };
    let quick = if options.quick {
        ", a tenth of the allocations: no figures to quote"
    } else {
        ""
    };
    format!(
        "{cores} cores of {}, Linux {}; {}; {}; {rounds}{quick}.\n",
        processor().unwrap_or_else(|| "an unknown processor".to_owned()),
        fs::read_to_string("/proc/sys/kernel/osrelease")
            .map_or_else(|_| "?".to_owned(), |text| text.trim().to_owned()),
        first_line("gcc", &["--version"]),
        first_line("heaptrack", &["--version"]),
    )
}

fn processor() -> Option<String> {
    let text = fs::read_to_string("/proc/cpuinfo").ok()?;
    let line = text.lines().find(|line| line.starts_with("model name"))?;
    Some(line.split_once(':')?.1.trim().to_owned())
}

fn first_line(program: &str, arguments: &[&str]) -> String {
    let output = Command::new(program).args(arguments).output();
    let text = output.map(|output| String::from_utf8_lossy(&output.stdout).into_owned());
    match text.ok().as_deref().and_then(|text| text.lines().next()) {
        Some(line) => line.to_owned(),
        None => format!("no {program}"),
    }
}
