//! `ldt check`: a program with every heap error and leak reported.

use crate::check::settings::{
    Budgets, Dialect, LeakCheckMode, LeakKinds, Outputs, Settings, UntracedChildren,
};
use crate::check::{self, suppress};
use crate::failure::Failure;
use crate::launch::traces::DEFAULT_TRACE;
use crate::output::write_to;
use crate::report::errors::Detail;
use crate::units::{parse_count, parse_size, parse_whole};
use ldt_trace::finding::LeakKind;
use std::ffi::OsString;
use std::num::NonZeroUsize;
use std::path::PathBuf;

/// What gates rely on.
pub(super) const EXIT_CODES: &str = "\
Exit codes:
  99    something was found (--error-exitcode changes it)
  125   ldt itself failed, or could not look: never a silent green
  126, 127   the program cannot be executed, is not found
  else  the program's own; 128 + N when it died of signal N";

/// The options of `ldt check`.
#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// Look for leaks at the end: not at all, totals only, or each call stack
    #[arg(long, value_enum, default_value_t = LeakCheckMode::Full)]
    leak_check: LeakCheckMode,
    /// Kinds of leaks to show: definite, indirect, possible, reachable; or all, or none
    #[arg(
        long,
        value_name = "KIND,KIND,...",
        default_value = "definite,possible"
    )]
    show_leak_kinds: LeakKinds,
    /// Kinds of leaks that are errors [default: definite, or none with --max-leak-bytes]
    #[arg(long, value_name = "KIND,KIND,...")]
    errors_for_leak_kinds: Option<LeakKinds>,
    /// The exit code when something was found; 0 keeps the command's own
    #[arg(long, value_name = "N", default_value_t = check::settings::ERROR_EXIT_CODE)]
    error_exitcode: u8,
    /// Leave out what this file describes, in valgrind's format or LeakSanitizer's
    #[arg(long, value_name = "FILE")]
    suppressions: Vec<PathBuf>,
    /// Leave out what runtimes are known to keep
    #[arg(long, value_name = "yes|no", value_enum, default_value_t = YesNo::Yes)]
    default_suppressions: YesNo,
    /// Print the default suppressions, and do nothing else
    #[arg(long)]
    list_default_suppressions: bool,
    /// Print a suppression for everything that is found
    #[arg(long, value_name = "all|no", value_enum, default_value_t = GenSuppressions::No)]
    gen_suppressions: GenSuppressions,
    /// Only what is not in this file fails; `ldt baseline` writes it
    #[arg(long, value_name = "FILE")]
    baseline: Option<PathBuf>,
    /// Write the text here instead of to standard error; %p is the process id, - standard output, as in all files below
    #[arg(long, value_name = "FILE")]
    log_file: Option<PathBuf>,
    /// Write what was found as JSON
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
    /// Write valgrind's XML (protocol 4) to the file of --xml-file
    #[arg(long, value_name = "yes|no", value_enum, requires = "xml_file")]
    xml: Option<YesNo>,
    /// The file for valgrind's XML; %p is the process id. It is enough by itself
    #[arg(long, value_name = "FILE")]
    xml_file: Option<PathBuf>,
    /// Write JUnit's XML
    #[arg(long, value_name = "FILE")]
    junit: Option<PathBuf>,
    /// Write SARIF 2.1.0
    #[arg(long, value_name = "FILE")]
    sarif: Option<PathBuf>,
    /// Print annotations for GitHub Actions, and add to the summary of the job
    #[arg(long)]
    github: bool,
    /// Show so many callers, 1 or more [default: all]
    #[arg(long, value_name = "N", value_parser = parse_whole::<NonZeroUsize>, allow_negative_numbers = true)]
    num_callers: Option<NonZeroUsize>,
    /// Nothing but errors and leaks: no summaries
    #[arg(short, long)]
    quiet: bool,
    /// Follow children made by fork and exec
    #[arg(long, value_name = "yes|no", value_enum)]
    trace_children: Option<YesNo>,
    /// Executables that are not judged, by file name [default: shells, build tools, compilers, test
    /// runners and small tools, but none below the folder in which ldt is started]
    #[arg(long, value_name = "GLOB,GLOB,...")]
    trace_children_skip: Option<String>,
    /// What it means when the library did not get into a child
    #[arg(long, value_enum, default_value_t = UntracedChildren::Warn)]
    untraced_children: UntracedChildren,
    /// Fail when more bytes than this are lost (definite, indirect and possible, in all processes)
    #[arg(long, value_name = "SIZE", value_parser = parse_size, allow_negative_numbers = true)]
    max_leak_bytes: Option<u64>,
    /// Fail when the heap of a process is ever larger than this
    #[arg(long, value_name = "SIZE", value_parser = parse_size, allow_negative_numbers = true)]
    max_peak: Option<u64>,
    /// Fail when there are more allocations than this, in all processes
    #[arg(long, value_name = "N", value_parser = parse_count, allow_negative_numbers = true)]
    max_allocations: Option<u64>,
    /// Which blocks lie against a guard page
    #[arg(long, value_enum)]
    guard: Option<Guard>,
    /// Memory for guarded blocks [default: a quarter of what is free]
    #[arg(long, value_name = "SIZE", value_parser = parse_size, allow_negative_numbers = true)]
    guard_memory: Option<u64>,
    /// The side of a block on which its guard page lies
    #[arg(long, value_enum)]
    guard_side: Option<GuardSide>,
    /// How guard pages are made
    #[arg(long, value_enum)]
    guard_method: Option<GuardMethod>,
    /// Choose other blocks to guard
    #[arg(long, value_name = "N", value_parser = parse_whole::<u64>, allow_negative_numbers = true)]
    seed: Option<u64>,
    /// Guarded blocks end at the guard page to the byte
    #[arg(long)]
    exact: bool,
    /// Watch the ends of guarded blocks that no guard page covers, with the processor's watchpoints [default: yes]
    #[arg(long, value_name = "yes|no", value_enum)]
    watchpoints: Option<YesNo>,
    /// Run the command twice, with guard pages after the blocks and then before them
    #[arg(long)]
    thorough: bool,
    /// When damage is found after the fact, run again with guards at just the blocks of that call stack
    #[arg(long)]
    pin: bool,
    /// Freed memory that is held back (the quarantine) [default: 64M]
    #[arg(long, value_name = "SIZE", value_parser = parse_size, allow_negative_numbers = true)]
    freelist_vol: Option<u64>,
    /// Bytes of redzone behind a block, at least: 16 to 4096 [default: 16]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(16..=4096))]
    redzone_size: Option<u64>,
    /// Fill new blocks with this byte
    #[arg(long, value_name = "HH", value_parser = parse_byte)]
    malloc_fill: Option<u8>,
    /// Fill freed blocks with this byte [default: a pattern]
    #[arg(long, value_name = "HH", value_parser = parse_byte)]
    free_fill: Option<u8>,
    /// End a process at its first error
    #[arg(long)]
    halt_on_error: bool,
    /// Hand over to a debugger at an error
    #[arg(long, value_enum)]
    on_error: Option<OnError>,
    /// Record every allocation as well, to the file of -o
    #[arg(long)]
    profile: bool,
    /// Keep the trace in this file [default with --profile: ldt.%e.%p.trace]
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
    /// The program to run, and its arguments
    #[arg(
        required_unless_present = "list_default_suppressions",
        trailing_var_arg = true,
        value_name = "CMD"
    )]
    command: Vec<OsString>,
}

macro_rules! words {
    ($($(#[$outer:meta])* $name:ident { $($variant:ident = $word:literal,)* })*) => {$(
        $(#[$outer])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
        enum $name { $($variant,)* }

        impl $name {
            /// As the library's options have it.
            fn word(self) -> &'static str {
                match self { $($name::$variant => $word,)* }
            }
        }
    )*};
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum GenSuppressions {
    No,
    All,
}

words! {
    YesNo { Yes = "yes", No = "no", }
    Guard { Adaptive = "adaptive", All = "all", Off = "off", }
    GuardSide { Alternate = "alternate", After = "after", Before = "before", Random = "random", }
    GuardMethod { Auto = "auto", Markers = "markers", Mprotect = "mprotect", }
    OnError { Continue = "continue", Gdb = "gdb", Core = "core", }
}

fn parse_byte(text: &str) -> Result<u8, String> {
    let digits = text.strip_prefix("0x").unwrap_or(text);
    u8::from_str_radix(digits, 16)
        .map_err(|_| "expected two hexadecimal digits, such as a5".to_owned())
}

/// Runs the command; the exit code is the contract's.
pub(super) fn run(options: &Options) -> Result<u8, Failure> {
    if options.list_default_suppressions {
        write_to(None, |out| out.write_all(suppress::DEFAULT.as_bytes()))?;
        return Ok(0);
    }
    check::run(&options.settings()?)
}

impl Options {
    fn settings(&self) -> Result<Settings, Failure> {
        let kinds_without_budget = match self.max_leak_bytes {
            Some(_) => LeakKinds::of(&[]),
            None => LeakKinds::of(&[LeakKind::Definite]),
        };
        let skip = self.trace_children_skip.as_ref().map(|globs| {
            let globs = globs.split(',').filter(|glob| !glob.is_empty());
            globs.map(str::to_owned).collect()
        });
        Ok(Settings {
            command: self.command.clone(),
            library: self.library(),
            skip,
            trace: self
                .output
                .clone()
                .or_else(|| self.profile.then(|| PathBuf::from(DEFAULT_TRACE))),
            leak_check: self.leak_check,
            show_leak_kinds: self.show_leak_kinds.clone(),
            errors_for_leak_kinds: self
                .errors_for_leak_kinds
                .clone()
                .unwrap_or(kinds_without_budget),
            error_exitcode: self.error_exitcode,
            suppressions: self.suppressions.clone(),
            default_suppressions: self.default_suppressions == YesNo::Yes,
            gen_suppressions: self.gen_suppressions == GenSuppressions::All,
            baseline: self.baseline.clone(),
            budgets: Budgets {
                leak_bytes: self.max_leak_bytes,
                peak_bytes: self.max_peak,
                allocations: self.max_allocations,
            },
            untraced_children: self.untraced_children,
            log_file: self.log_file.clone(),
            detail: Detail {
                callers: self.num_callers.map_or(usize::MAX, NonZeroUsize::get),
            },
            quiet: self.quiet,
            dialect: Dialect::Own,
            thorough: self.thorough,
            pin: self.pin,
            outputs: Outputs {
                json: self.json.clone(),
                junit: self.junit.clone(),
                sarif: self.sarif.clone(),
                xml: self
                    .xml_file
                    .clone()
                    .filter(|_| self.xml != Some(YesNo::No)),
                github: self.github,
            },
        })
    }

    /// What concerns the running program; the library knows the defaults.
    fn library(&self) -> Vec<(&'static str, OsString)> {
        let mut all: Vec<(&'static str, OsString)> = Vec::new();
        let mut add = |key, value: Option<String>| {
            if let Some(value) = value {
                all.push((key, value.into()));
            }
        };
        let word = |word: &'static str| Some(word.to_owned());
        let number = |number: Option<u64>| number.map(|number| number.to_string());
        let hex = |byte: Option<u8>| byte.map(|byte| format!("{byte:02x}"));
        let flag = |is_set: bool| is_set.then(|| "yes".to_owned());
        add(
            "trace_children",
            self.trace_children.and_then(|it| word(it.word())),
        );
        add("guard", self.guard.and_then(|it| word(it.word())));
        add("guard_memory", number(self.guard_memory));
        add("guard_side", self.guard_side.and_then(|it| word(it.word())));
        add(
            "guard_method",
            self.guard_method.and_then(|it| word(it.word())),
        );
        add("seed", number(self.seed));
        add("exact", flag(self.exact));
        add(
            "watchpoints",
            self.watchpoints.and_then(|it| word(it.word())),
        );
        add("freelist_vol", number(self.freelist_vol));
        add("redzone_size", number(self.redzone_size));
        add("malloc_fill", hex(self.malloc_fill));
        add("free_fill", hex(self.free_fill));
        add("leak_check", word(self.leak_check.word()));
        add("halt_on_error", flag(self.halt_on_error));
        add("error_exitcode", Some(self.error_exitcode.to_string()));
        add("on_error", self.on_error.and_then(|it| word(it.word())));
        add("profile", flag(self.profile));
        all
    }
}
