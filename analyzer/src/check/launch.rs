//! Running the command under check mode, from the environment to the exit code.

use super::again::{Input, Pass};
use super::follow::{Follower, Order};
use super::judge::Judge;
use super::outputs;
use super::place::Place;
use super::print::Printer;
use super::settings::Settings;
use super::tell::Teller;
use super::verdict::Verdict;
use super::watch::Watch;
use crate::failure::{Failure, say};
use crate::launch::environment::{LibraryOptions, preload, settings_are_known};
use crate::launch::supervise::{self, Ended};
use crate::launch::traces::{Output, elsewhere, literal};
use crate::launch::{library, pulse, refusal};
use crate::symbols::kept;
use std::collections::{BTreeMap, BTreeSet};
use std::env;
use std::ffi::OsString;
use std::fs::{self, Permissions};
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::mpsc;

/// What the library notes of a program that it leaves alone for its name.
const LEFT_ALONE: &str = "left alone";

/// Where the traces of a run are.
enum Traces {
    /// In a folder of their own, which goes when the run is over.
    Temporary(tempfile::TempDir),
    /// Where the user wants them.
    Kept(Output),
}

/// Runs the command, again if that was asked for; gives the exit code.
pub fn run(settings: &Settings) -> Result<u8, Failure> {
    let library = library::find()?;
    if library::beside(&library, library::CALLS).is_none() {
        say(&format!(
            "warning: {} is not beside {}: what the C library's functions do to blocks is not checked",
            library::CALLS,
            library.display()
        ));
    }
    settings_are_known(&library)?;
    outputs::place::ask(settings)?;
    let judge = Judge::new(settings)?;
    let teller = Teller::new(settings, Printer::new(settings.log_file.as_deref())?);
    let mut input = Input::of(settings)?;
    let traces = Traces::new(settings)?;
    let mut follower = Follower::new(settings, judge, teller, Watch::new(traces.places()?));
    let once = Once {
        settings,
        library: &library,
        pass: Pass::first(settings),
        input: input.open()?,
    };
    let ended;
    (follower, ended) = once.run(follower, &traces)?;
    let mut next = Pass::second(settings, &follower.processes);
    while let Some(pass) = next {
        follower.teller.lines(ended.pid, &pass.why);
        let traces = Traces::temporary()?;
        let judged_before = follower.processes.len();
        follower.begin_again(Watch::new(traces.places()?));
        let once = Once {
            settings,
            library: &library,
            pass: pass.clone(),
            input: input.open()?,
        };
        (follower, _) = once.run(follower, &traces)?;
        next = pass.after(&follower.processes[judged_before..]);
    }
    conclude(settings, follower, ended, traces)
}

/// One run of the command.
struct Once<'a> {
    settings: &'a Settings,
    library: &'a Path,
    pass: Pass,
    input: Option<Stdio>,
}

impl Once<'_> {
    fn run(self, follower: Follower, traces: &Traces) -> Result<(Follower, Ended), Failure> {
        let words = &self.settings.command;
        let (name, arguments) = (&words[0], &words[1..]);
        if let Some(path) = refusal::locate(name) {
            kept::keep_command(&path);
        }
        kept::watch(&traces.folder());
        let preloaded = preloaded(self.library);
        let options = library_options(self.settings, &self.pass, traces)?;
        let is_again = !self.pass.why.is_empty();
        let prepare = |mut command: Command| {
            command
                .env("LD_PRELOAD", &preloaded)
                .env("LDT_OPTIONS", &options);
            if is_again {
                command.stdout(Stdio::null());
            }
            command
        };
        let mut command = Command::new(name);
        command.arg0(name).args(arguments);
        if let Some(input) = self.input {
            command.stdin(input);
        }
        let script = || {
            let path = refusal::locate(name).unwrap_or_else(|| PathBuf::from(name));
            let mut shell = Command::new("/bin/sh");
            shell.arg(path).args(arguments);
            prepare(shell)
        };
        let (orders, inbox) = mpsc::channel();
        let follow = {
            let mut follower = follower;
            move || {
                follower.follow(&inbox);
                follower
            }
        };
        let following = std::thread::Builder::new().spawn(follow).map_err(|error| {
            Failure::own(format!(
                "no thread can be started: {error}; raise the limits of memory and processes (ulimit -a)"
            ))
        })?;
        let ended = supervise::run(prepare(command), script);
        // The other end is only gone when that thread has come to grief, which shows below.
        let _ = orders.send(match &ended {
            Ok(ended) => Order::Ended(*ended),
            Err(_) => Order::GiveUp,
        });
        let follower = following
            .join()
            .map_err(|_| Failure::own("the traces could not be followed to their end"))?;
        Ok((follower, ended?))
    }
}

fn conclude(
    settings: &Settings,
    mut follower: Follower,
    ended: Ended,
    traces: Traces,
) -> Result<u8, Failure> {
    let (mut untraced, left_alone) = traces.noted_children();
    untraced.extend(follower.leave_out_own_allocators(&ended));
    follower.forget_what_is_told_exactly();
    let verdict = Verdict {
        left_alone,
        ..Verdict::of(settings, &follower.processes, untraced, &ended)
    };
    follower.conclude(&verdict);
    outputs::write(outputs::Results {
        settings,
        verdict: &verdict,
        processes: &follower.processes,
        ended: &ended,
        suppressions: &follower.judge.used(),
    })?;
    let still_run = follower.still_running().to_vec();
    if !still_run.is_empty()
        && let Traces::Temporary(folder) = traces
    {
        let folder = folder.keep();
        let pids: Vec<String> = still_run.iter().map(u32::to_string).collect();
        follower.teller.lines(
            ended.pid,
            &[format!(
                "still running, and judged as of now: {}; what they do from here on is in {}",
                pids.join(", "),
                folder.display()
            )],
        );
    }
    follower.teller.all_was_written()?;
    verdict.code(settings, &ended)
}

impl Traces {
    fn new(settings: &Settings) -> Result<Self, Failure> {
        if settings.trace.is_some() {
            let output = Output::new(settings.trace.as_deref())?;
            output.make_way()?;
            return Ok(Traces::Kept(output));
        }
        Traces::temporary()
    }

    fn temporary() -> Result<Self, Failure> {
        let failed = |error: std::io::Error| {
            Failure::own(format!(
                "no folder for traces can be made in {}: {error}; set TMPDIR to one that can be written",
                env::temp_dir().display()
            ))
        };
        let folder = tempfile::Builder::new()
            .prefix("ldt-check-")
            .tempdir()
            .map_err(failed)?;
        // A child of another user (a server that drops its rights and execs) writes its trace here as well:
        // as in /tmp, everybody may add a file, only its owner may touch it, and nobody sees a list.
        fs::set_permissions(folder.path(), Permissions::from_mode(0o1733)).map_err(failed)?;
        Ok(Traces::Temporary(folder))
    }

    /// Where they will be, if the library can write there.
    fn folder(&self) -> PathBuf {
        match self {
            Traces::Temporary(folder) => folder.path().to_owned(),
            Traces::Kept(output) => output.folder(),
        }
    }

    /// The pattern for the library.
    fn pattern(&self) -> PathBuf {
        match self {
            Traces::Temporary(folder) => {
                literal(folder.path()).join(format!("ldt-check-{}.%p.trace", std::process::id()))
            }
            Traces::Kept(output) => output.pattern().to_owned(),
        }
    }

    /// Where the library notes children that it cannot get into, and those that it leaves alone.
    fn untraced(&self) -> PathBuf {
        let folder = match self {
            Traces::Temporary(folder) => folder.path().to_owned(),
            // Not among the user's files; gone when it has been read.
            Traces::Kept(_) => env::temp_dir(),
        };
        folder.join(format!("ldt-untraced-{}", std::process::id()))
    }

    /// Children that the library could not get into: their paths, and why. And the names of those that it was to leave
    /// alone, with how often each was run.
    fn noted_children(&self) -> (BTreeSet<String>, BTreeMap<String, u64>) {
        let path = self.untraced();
        let text = fs::read(&path).unwrap_or_default();
        // There is none in most runs.
        let _ = fs::remove_file(&path);
        let text = String::from_utf8_lossy(&text);
        let (mut untraced, mut left_alone) = (BTreeSet::new(), BTreeMap::new());
        for (path, why) in text.lines().filter_map(|line| line.rsplit_once('\t')) {
            if why == LEFT_ALONE {
                let name = path.rsplit('/').next().unwrap_or(path);
                *left_alone.entry(name.to_owned()).or_default() += 1;
            } else {
                untraced.insert(format!("{path}: {why}"));
            }
        }
        (untraced, left_alone)
    }

    /// Where the traces will be: where the pattern says, or where the library goes when it cannot
    /// write there.
    fn places(&self) -> Result<Vec<Place>, Failure> {
        let pattern = self.pattern();
        let Some(name) = pattern.file_name() else {
            let shown = pattern.display();
            return Err(Failure::own(format!("{shown} is no name for a trace")));
        };
        let name = name.to_string_lossy();
        let prefix = name.split('%').next().unwrap_or_default();
        let folder = self.folder();
        let elsewhere = elsewhere();
        let mut places = vec![Place::new(&folder, prefix)];
        if elsewhere != folder && !prefix.is_empty() {
            places.push(Place::new(&elsewhere, prefix));
        }
        Ok(places)
    }
}

/// The libraries to preload: that of the C library's calls first, if it is there, since it calls
/// the other one.
fn preloaded(library: &Path) -> OsString {
    let mut list = OsString::new();
    if let Some(calls) = library::beside(library, library::CALLS) {
        list.push(calls);
        list.push(":");
    }
    list.push(library);
    preload(env::var_os("LD_PRELOAD"), &list)
}

fn library_options(settings: &Settings, pass: &Pass, traces: &Traces) -> Result<OsString, Failure> {
    let mut all: Vec<(&str, OsString)> = vec![
        ("mode", "check".into()),
        ("launcher", std::process::id().to_string().into()),
        ("output", traces.pattern().into()),
        ("untraced", traces.untraced().into()),
        ("trace_children_skip", settings.skip_list().into()),
    ];
    // A path that cannot be said is no reason not to check. Empty it takes the place of one of an ldt further out.
    let own_folder = settings.own_folder().map(PathBuf::into_os_string);
    let own_folder = own_folder.filter(|path| !path.as_bytes().contains(&b'"'));
    all.push(("own_folder", own_folder.unwrap_or_default()));
    // Findings are stamped each; events, which are kept with `--profile` alone, are not.
    let pulse = match traces {
        Traces::Kept(_) => pulse::start().unwrap_or_default(),
        Traces::Temporary(_) => PathBuf::new(),
    };
    all.push(("pulse", pulse.into()));
    all.extend(settings.library.iter().cloned());
    all.extend(pass.options.iter().cloned());
    let mut options = LibraryOptions::new(env::var_os("LDT_OPTIONS"));
    for (key, value) in all {
        let shown = value.to_string_lossy().into_owned();
        options = options.with(key, value).ok_or_else(|| {
            Failure::own(format!(
                "{key}: {shown} has a double quote, which LDT_OPTIONS cannot hold"
            ))
        })?;
    }
    Ok(options.into_value())
}
