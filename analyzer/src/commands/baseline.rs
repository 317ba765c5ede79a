//! `ldt baseline FILE [JSON…]`: writes or updates the file of what is known, from the JSON of runs of `ldt
//! check`.

use crate::check::baseline::{BareFrame, Baseline};
use crate::failure::{Failure, say};
use crate::output::replace;
use crate::units::{count, counted};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// The options of `ldt baseline`.
#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// Forget what none of these runs found
    #[arg(long, requires = "json")]
    prune: bool,
    /// The baseline, for `ldt check --baseline=FILE`
    file: PathBuf,
    /// What runs found: the files of `ldt check --json=FILE`
    json: Vec<PathBuf>,
}

/// As much of the JSON as a baseline is made of.
#[derive(serde::Deserialize)]
struct Run {
    schema_version: u32,
    errors: Vec<Finding>,
    leaks: Option<Leaks>,
    /// What was watched; a run that was only recorded has none.
    coverage: Option<serde::de::IgnoredAny>,
}

#[derive(serde::Deserialize)]
struct Leaks {
    records: Vec<Finding>,
}

#[derive(serde::Deserialize)]
struct Finding {
    kind: String,
    stack: Vec<Frame>,
}

#[derive(serde::Deserialize)]
struct Frame {
    function: Option<String>,
    file: Option<String>,
    module: Option<String>,
}

/// Writes the file.
pub(super) fn run(options: &Options) -> Result<u8, Failure> {
    let before = match fs::metadata(&options.file) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Baseline::default(),
        _ => Baseline::read(&options.file)
            .map_err(|what| Failure::own(format!("{}: {what}", options.file.display())))?,
    };
    let mut found = Baseline::default();
    for path in &options.json {
        add_run(&mut found, path)?;
    }
    let baseline = if options.prune {
        found
    } else {
        before.clone().with(&found)
    };
    replace(&options.file, &baseline.text())?;
    say(&format!(
        "{}: {}, {} of them new, {} gone",
        options.file.display(),
        counted(baseline.len() as u64, "finding"),
        count(baseline.count_beyond(&before) as u64),
        count(before.count_beyond(&baseline) as u64)
    ));
    Ok(0)
}

fn add_run(baseline: &mut Baseline, path: &Path) -> Result<(), Failure> {
    let shown = path.display();
    let text =
        fs::read_to_string(path).map_err(|error| Failure::own(format!("{shown}: {error}")))?;
    let run: Run = serde_json::from_str(&text).map_err(|error| {
        Failure::own(format!(
            "{shown}: not what `ldt check --json=FILE` writes: {error}"
        ))
    })?;
    if run.schema_version != crate::report::json::SCHEMA_VERSION {
        return Err(Failure::own(format!(
            "{shown}: schema version {}, this ldt reads {}",
            run.schema_version,
            crate::report::json::SCHEMA_VERSION
        )));
    }
    if run.leaks.is_none() && run.coverage.is_none() {
        return Err(Failure::own(format!(
            "{shown}: nothing was checked in that run: give the file of `ldt check --json=FILE`"
        )));
    }
    let records = run.leaks.map_or(Vec::new(), |leaks| leaks.records);
    for finding in run.errors.iter().chain(&records) {
        let frames = finding.stack.iter().map(|frame| BareFrame {
            function: frame.function.as_deref(),
            file: frame.file.as_deref(),
            module: frame.module.as_deref(),
        });
        baseline.add(&finding.kind, &frames.collect::<Vec<_>>());
    }
    Ok(())
}
