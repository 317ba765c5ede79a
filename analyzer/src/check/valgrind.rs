//! `ldt-valgrind`: valgrind's command line, for everything that calls valgrind and reads its logs: CTest, Meson's
//! `--wrapper`, scripts.
//!
//! Defaults are valgrind's, not LDT's: the exit code is the program's own, children are not followed
//! beyond a fork, leaks are only summed up. What has no meaning for LDT is passed over; what nobody
//! knows is passed over with a warning, since a newer valgrind may have it.

use super::print::expand_variables;
use super::settings::{
    Budgets, Dialect, LeakCheckMode, LeakKinds, Outputs, Settings, UntracedChildren,
};
use crate::failure::{Failure, say};
use crate::launch::own_limits;
use crate::report::errors::Detail;
use crate::units::parse_size;
use ldt_trace::finding::LeakKind;
use std::ffi::OsString;
use std::path::PathBuf;
use std::process::ExitCode;
use std::str::FromStr;

/// Callers that valgrind shows.
const CALLERS: usize = 12;

/// The exit code without a program, valgrind's: curl's test suite calls `valgrind` alone and goes on without it if the code
/// is another.
const NO_PROGRAM: u8 = 1;

/// What valgrind has, and LDT does the same without, or cannot do.
const PASSED_OVER: &[&str] = &[
    "-v",
    "--verbose",
    "-d",
    "--track-origins",
    "--undef-value-errors",
    "--child-silent-after-fork",
    "--vgdb",
    "--vgdb-error",
    "--partial-loads-ok",
    "--expensive-definedness-checks",
    "--keep-stacktraces",
    "--keep-debuginfo",
    "--leak-resolution",
    "--leak-check-heuristics",
    "--workaround-gcc296-bugs",
    "--ignore-ranges",
    "--demangle",
    "--track-fds",
    "--time-stamp",
    "--sigill-diagnostics",
    "--error-limit",
    "--fullpath-after",
    "--smc-check",
    "--read-var-info",
    "--read-inline-info",
    "--run-libc-freeres",
    "--run-cxx-freeres",
    "--sim-hints",
    "--fair-sched",
    "--max-stackframe",
    "--main-stacksize",
    "--alignment",
    "--show-mismatched-frees",
    "--xtree-memory",
    "--xtree-leak",
    "--show-below-main",
    "--db-attach",
    "--input-fd",
    "--show-emwarns",
    "--allow-mismatched-debuginfo",
    "--soname-synonyms",
    "--progress-interval",
    "--exit-on-first-error",
];

/// Whether an option, without its value, is one that valgrind has and `ldt check` has not.
#[must_use]
pub fn is_valgrinds(option: &str) -> bool {
    option == "--tool" || PASSED_OVER.contains(&option)
}

/// What was asked for.
enum Asked {
    Run(Box<Settings>),
    Version,
    Help,
}

/// Runs with these arguments, the first of which is its own name.
pub fn run(arguments: impl IntoIterator<Item = OsString>) -> ExitCode {
    let arguments: Vec<OsString> = arguments.into_iter().skip(1).collect();
    own_limits::run(move || obey(arguments))
}

fn obey(arguments: Vec<OsString>) -> ExitCode {
    let asked = parse(arguments.into_iter(), &mut |warning| say(warning));
    let ended = asked.and_then(|asked| match asked {
        Asked::Run(settings) => super::run(&settings),
        Asked::Version => {
            // Scripts read a number; the rest says whose it is.
            println!("valgrind-3.19.0.ldt-{}", env!("CARGO_PKG_VERSION"));
            Ok(0)
        }
        Asked::Help => {
            println!("usage: ldt-valgrind [options of valgrind's memcheck] prog-and-args");
            // Test suites look for the option in the help before they pass it.
            println!("    --tool=<name>    memcheck is the only one");
            println!("  LDT behind valgrind's command line; `ldt check --help` lists LDT's own");
            Ok(0)
        }
    });
    match ended {
        Ok(code) => ExitCode::from(code),
        Err(failure) => {
            say(&failure.message);
            ExitCode::from(failure.code)
        }
    }
}

fn parse(
    arguments: impl Iterator<Item = OsString>,
    warn: &mut dyn FnMut(&str),
) -> Result<Asked, Failure> {
    let mut settings = defaults();
    let mut trace_children = "no".to_owned();
    let (mut xml, mut xml_file) = (false, None);
    let mut arguments = arguments.peekable();
    while let Some(argument) = arguments.peek() {
        let text = argument.to_string_lossy().into_owned();
        if !text.starts_with('-') {
            break;
        }
        arguments.next();
        if text == "--" {
            break;
        }
        let (name, value) = match text.split_once('=') {
            Some((name, value)) => (name, value.to_owned()),
            None => (text.as_str(), String::new()),
        };
        let is_yes = value.is_empty() || value == "yes";
        match name {
            "--version" => return Ok(Asked::Version),
            "-h" | "--help" | "--help-debug" | "--help-dyn-options" => return Ok(Asked::Help),
            "-q" | "--quiet" => settings.quiet = true,
            "--tool" if value == "memcheck" => {}
            "--tool" => {
                return Err(Failure::own(format!(
                    "--tool={value}: ldt-valgrind stands in for memcheck only"
                )));
            }
            "--leak-check" => {
                settings.leak_check = match value.as_str() {
                    "no" => LeakCheckMode::No,
                    "summary" => LeakCheckMode::Summary,
                    "" | "yes" | "full" => LeakCheckMode::Full,
                    _ => return Err(bad(name, &value, "no, summary, yes or full")),
                };
            }
            "--show-leak-kinds" => settings.show_leak_kinds = parsed(name, &value)?,
            "--errors-for-leak-kinds" => settings.errors_for_leak_kinds = parsed(name, &value)?,
            "--show-reachable" if is_yes => {
                settings.show_leak_kinds = LeakKinds::of(LeakKind::ALL);
            }
            "--show-reachable" => {
                settings.show_leak_kinds = LeakKinds::of(&[LeakKind::Definite, LeakKind::Possible]);
            }
            "--show-possibly-lost" => {
                let kinds = &mut settings.show_leak_kinds.0;
                if is_yes {
                    kinds.insert(LeakKind::Possible);
                } else {
                    kinds.remove(&LeakKind::Possible);
                }
            }
            "--error-exitcode" => settings.error_exitcode = parsed(name, &value)?,
            "--num-callers" => {
                settings.detail = Detail {
                    callers: parsed(name, &value)?,
                }
            }
            "--suppressions" => settings.suppressions.push(PathBuf::from(value)),
            "--default-suppressions" => settings.default_suppressions = is_yes,
            "--gen-suppressions" => settings.gen_suppressions = value != "no",
            "--log-file" => settings.log_file = Some(PathBuf::from(expand_variables(&value))),
            "--xml" => xml = is_yes,
            "--xml-file" => xml_file = Some(PathBuf::from(expand_variables(&value))),
            "--trace-children" => trace_children = value,
            "--trace-children-skip" => {
                // valgrind's patterns are of whole paths.
                let globs = value
                    .split(',')
                    .map(|glob| glob.rsplit('/').next().unwrap_or(glob));
                settings.skip = Some(globs.map(str::to_owned).collect());
            }
            "--freelist-vol" => {
                let bytes =
                    parse_size(&value).map_err(|_| bad(name, &value, "a number of bytes"))?;
                settings
                    .library
                    .push(("freelist_vol", bytes.to_string().into()));
            }
            "--redzone-size" => {
                // LDT's are of 16 bytes at least.
                let bytes: u64 = parsed(name, &value)?;
                let bytes = bytes.max(16).to_string();
                settings.library.push(("redzone_size", bytes.into()));
            }
            "--malloc-fill" => settings.library.push(("malloc_fill", hex(&value))),
            "--free-fill" => settings.library.push(("free_fill", hex(&value))),
            _ if PASSED_OVER.contains(&name) => {}
            _ => warn(&format!(
                "warning: {text}: not an option that ldt-valgrind knows; it is passed over"
            )),
        }
    }
    settings.command = arguments.collect();
    if settings.command.is_empty() {
        return Err(Failure {
            message: "no program specified: ldt-valgrind [options] prog-and-args".to_owned(),
            code: NO_PROGRAM,
        });
    }
    settings.outputs.xml = xml_file.filter(|_| xml);
    settings
        .library
        .push(("trace_children", trace_children.into()));
    settings
        .library
        .push(("leak_check", settings.leak_check.word().into()));
    Ok(Asked::Run(Box::new(settings)))
}

fn hex(value: &str) -> OsString {
    value.strip_prefix("0x").unwrap_or(value).into()
}

fn bad(name: &str, value: &str, expected: &str) -> Failure {
    Failure::own(format!("{name}={value}: expected {expected}"))
}

fn parsed<T: FromStr>(name: &str, value: &str) -> Result<T, Failure>
where
    T::Err: std::fmt::Display,
{
    value
        .parse()
        .map_err(|error| bad(name, value, &format!("another value: {error}")))
}

/// valgrind's.
fn defaults() -> Settings {
    Settings {
        command: Vec::new(),
        library: Vec::new(),
        skip: Some(Vec::new()),
        trace: None,
        leak_check: LeakCheckMode::Summary,
        show_leak_kinds: LeakKinds::of(&[LeakKind::Definite, LeakKind::Possible]),
        errors_for_leak_kinds: LeakKinds::of(&[LeakKind::Definite, LeakKind::Possible]),
        error_exitcode: 0,
        suppressions: Vec::new(),
        default_suppressions: true,
        gen_suppressions: false,
        baseline: None,
        budgets: Budgets::default(),
        untraced_children: UntracedChildren::Warn,
        log_file: None,
        detail: Detail { callers: CALLERS },
        quiet: false,
        dialect: Dialect::Valgrind,
        thorough: false,
        pin: false,
        outputs: Outputs::default(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(line: &str) -> (Settings, Vec<String>) {
        let mut warnings = Vec::new();
        let words = line.split_whitespace().map(OsString::from);
        match parse(words, &mut |warning| warnings.push(warning.to_owned())) {
            Ok(Asked::Run(settings)) => (*settings, warnings),
            Ok(_) => panic!("not a run"),
            Err(failure) => panic!("{failure}"),
        }
    }

    #[test]
    fn what_ctest_passes_is_understood() {
        let (settings, warnings) = settings(
            "-q --tool=memcheck --leak-check=yes --show-reachable=yes --num-callers=50 \
             --suppressions=a.supp --log-file=/x/MemoryChecker.1.log ./test --leak-check=no",
        );
        assert_eq!(warnings, [""; 0]);
        assert!(settings.quiet && settings.leak_check == LeakCheckMode::Full);
        assert!(settings.show_leak_kinds.contains(LeakKind::Reachable));
        assert_eq!(settings.detail.callers, 50);
        assert_eq!(settings.error_exitcode, 0);
        assert_eq!(settings.command, ["./test", "--leak-check=no"]);
    }

    #[test]
    fn unknown_options_are_warned_of_and_bad_values_refused() {
        let (settings, warnings) = settings("--frobnicate=yes --track-origins=yes prog");
        assert_eq!(warnings.len(), 1);
        assert!(warnings[0].contains("--frobnicate"));
        assert_eq!(settings.command, ["prog"]);
        let refused =
            |line: &str| parse(line.split_whitespace().map(OsString::from), &mut |_| {}).is_err();
        assert!(refused("--tool=helgrind prog"));
        assert!(refused("--leak-check=maybe prog"));
        assert!(refused("--leak-check=full"));
    }
}
