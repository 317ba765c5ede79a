//! `ldt profile` behaves like `env`: the program's output, input, arguments and end are its own; what
//! cannot be run, or cannot be seen into, is said with the exit code of the contract.

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::os::unix::fs::{PermissionsExt, chown};
use std::path::Path;
use std::process::{Command, Stdio};

use ldt_tests::installed::{ldt, preload, program};
use ldt_tests::profile::{Profiled, profile, profile_with};
use ldt_tests::report::Report;
use ldt_tests::run::{Ending, Outcome, run};
use ldt_tests::samples::{Sample, Variant};
use rustix::process::{Pid, Signal, kill_process};

#[test]
fn arguments_environment_and_input_reach_the_program() {
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    let mut child = Command::new(ldt())
        .args(["profile", "-o"])
        .arg(folder.path().join("trace"))
        .arg("--")
        .arg(sample("launching/echoes.c"))
        .args(["-o", "two words", "--", ""])
        .env("LD_PRELOAD_BEFORE", "kept")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .expect("ldt can be started");
    let mut input = child.stdin.take().expect("it is piped");
    input.write_all(b"what was typed\n").expect("it reads");
    drop(input);
    let output = child.wait_with_output().expect("a child can be waited for");
    let expected =
        "argument -o\nargument two words\nargument --\nargument \nvariable kept\nwhat was typed\n";
    assert_eq!(String::from_utf8_lossy(&output.stdout), expected);
    assert_eq!(output.status.code(), Some(17));
}

#[test]
fn signals_are_forwarded() {
    for signal in [Signal::TERM, Signal::HUP, Signal::USR1, Signal::USR2] {
        let folder = tempfile::tempdir().expect("a temporary folder can be made");
        // Whoever runs the tests may ignore some, as nohup does, and so would the program.
        let mut child = Command::new("env")
            .arg("--default-signal")
            .arg(ldt())
            .args(["profile", "-o"])
            .arg(folder.path().join("trace"))
            .arg("--")
            .arg(sample("launching/waits_for_signal.c"))
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("ldt can be started");
        let mut lines = BufReader::new(child.stdout.take().expect("it is piped")).lines();
        let ready = lines.next().and_then(Result::ok);
        assert_eq!(ready.as_deref(), Some("ready"));
        kill_process(Pid::from_child(&child), signal).expect("ldt can be signalled");
        let ended = child.wait().expect("a child can be waited for");
        assert_eq!(ended.code(), Some(signal.as_raw()));
        let report = Report::of(&folder.path().join("trace"));
        assert_eq!(report.exit.code, Some(signal.as_raw()));
    }
}

/// Before, the launcher waited for ever when SIGCHLD was blocked where it was started.
#[test]
fn a_blocked_signal_of_ended_children_is_no_matter() {
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    let outcome = run(Command::new(sample("launching/blocks_sigchld.c"))
        .arg(ldt())
        .args(["profile", "-o"])
        .arg(folder.path().join("trace"))
        .args(["grep", "SigBlk", "/proc/self/status"]));
    assert_eq!(outcome.stdout, "SigBlk:\t0000000000010000\n");
    assert_eq!(outcome.ending, Ending::Code(0), "{}", outcome.stderr);
}

#[test]
fn the_launchers_lines_are_its_own() {
    let profiled = profile(&sample("endings/returns.c"), [""; 0]);
    assert!(
        profiled
            .outcome
            .stderr
            .lines()
            .all(|line| line.starts_with("ldt: ")),
        "{:?}",
        profiled.outcome
    );
    assert!(!profiled.outcome.stderr.is_empty(), "there is a summary");
    assert_eq!(profiled.outcome.stdout, "");
}

#[test]
fn a_program_that_is_not_there_is_127() {
    let outcome = profile(Path::new("/nonexistent/program"), [""; 0]).outcome;
    fails_with(&outcome, 127, "/nonexistent/program");
    let outcome = profile(Path::new("no-such-program-anywhere"), [""; 0]).outcome;
    fails_with(&outcome, 127, "no-such-program-anywhere");
}

/// The kernel says of a script whose interpreter is missing what it says of a missing script.
#[test]
fn a_script_without_its_interpreter_is_told_from_one_that_is_not_there() {
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    let script = folder.path().join("script");
    fs::write(&script, "#!/nonexistent/interpreter -x\n").expect("a temporary file can be written");
    fs::set_permissions(&script, fs::Permissions::from_mode(0o755)).expect("the rights can be set");
    let outcome = profile(&script, [""; 0]).outcome;
    fails_with(&outcome, 127, "/nonexistent/interpreter, is not found");
}

/// It was only said not to be found, which it was.
#[test]
fn a_program_without_its_loader_is_told_from_one_that_is_not_there() {
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    let mut data = fs::read(sample("launching/echoes.c")).expect("a sample can be read");
    let (loader, missing) = (b"/lib64/ld-linux", b"/lib0f/ld-linux");
    let at = data
        .windows(loader.len())
        .position(|bytes| bytes == loader)
        .expect("a program names its loader");
    data[at..at + missing.len()].copy_from_slice(missing);
    let program = folder.path().join("program");
    fs::write(&program, data).expect("a temporary file can be written");
    fs::set_permissions(&program, fs::Permissions::from_mode(0o755))
        .expect("the rights can be set");
    let outcome = profile(&program, [""; 0]).outcome;
    fails_with(&outcome, 127, "its loader, /lib0f/ld-linux-");
}

/// The standard library opens /dev/null in place of what is closed: a report went there, with an exit code of 0, and the
/// command found open what `env` leaves closed.
#[test]
fn closed_descriptors_stay_closed() {
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    let trace = folder.path().join("trace");
    let in_shell = |script: &str| {
        run(Command::new("sh")
            .args(["-c", script])
            .arg(ldt())
            .arg(&trace))
    };
    for number in 0..3 {
        for launch in ["profile", "check --profile"] {
            let asked = format!("test -e /proc/self/fd/{number} && exit 1; exit 17");
            let closes =
                format!("exec {number}>&-; exec \"$0\" {launch} -o \"$1\" sh -c '{asked}'");
            let outcome = in_shell(&closes);
            assert_eq!(outcome.ending, Ending::Code(17), "{closes}: {outcome:?}");
        }
    }
    for wanted in ["report", "diff \"$1\"", "html -o -", "--help", "--version"] {
        let outcome = in_shell(&format!("exec \"$0\" {wanted} \"$1\" >&-"));
        fails_with(&outcome, 125, "standard output: it is closed");
    }
    assert_eq!(
        in_shell("exec \"$0\" report \"$1\" <&- 2>&-").ending,
        Ending::Code(0)
    );
}

#[test]
fn a_file_that_cannot_be_run_is_126() {
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    let text = folder.path().join("text");
    std::fs::write(&text, "no program\n").expect("a temporary file can be written");
    let outcome = profile(&text, [""; 0]).outcome;
    fails_with(&outcome, 126, "text");
}

/// The shell was to run it as a script, and its "Syntax error" was all that was said.
#[test]
fn a_program_of_another_architecture_is_no_script() {
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    let foreign = folder.path().join("foreign");
    let mut data = fs::read(sample("empty.c")).expect("it can be read");
    // The second byte of the machine's number.
    data[19] = 0x7f;
    fs::write(&foreign, data).expect("a temporary file can be written");
    fs::set_permissions(&foreign, fs::Permissions::from_mode(0o755))
        .expect("the rights can be set");
    for command in ["profile", "check"] {
        let outcome = run(Command::new(ldt())
            .arg(command)
            .arg(&foreign)
            .current_dir(folder.path()));
        fails_with(&outcome, 126, "another architecture");
    }
}

#[test]
fn a_static_program_is_125_with_the_reason() {
    let outcome = profile(&sample("launching/static.c"), [""; 0]).outcome;
    fails_with(&outcome, 125, "static");
}

/// Also where a shell has become it.
#[test]
fn a_program_with_an_allocator_of_its_own_is_125_with_the_reason() {
    let program = sample("launching/own_malloc.c");
    let outcome = profile(&program, [""; 0]).outcome;
    fails_with(&outcome, 125, "defines malloc itself");
    let exec = format!("exec {}", program.display());
    let outcome = profile(Path::new("sh"), ["-c", &exec]).outcome;
    fails_with(&outcome, 125, "defines malloc itself");
}

/// The loader leaves LD_PRELOAD out of programs that run with another user's rights.
#[test]
fn a_setuid_program_is_125_with_the_reason() {
    const NOBODY: u32 = 65534;
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    let program = folder.path().join("setuid");
    fs::copy(sample("functions/every_c_function.c"), &program).expect("a file can be copied");
    if chown(&program, Some(NOBODY), None).is_err() {
        eprintln!("only root can make a program another user's");
        return;
    }
    let rights = fs::Permissions::from_mode(0o4755);
    fs::set_permissions(&program, rights).expect("the rights can be set");
    let outcome = profile(&program, [""; 0]).outcome;
    fails_with(&outcome, 125, "setuid");
    fails_with(&outcome, 125, "run a copy of it without that bit");
}

/// A child that the C library has not heard of is a process like any other.
#[test]
fn a_child_by_a_raw_clone_is_followed() {
    let child = sample("functions/every_c_function.c");
    let profiled = profile(&sample("launching/raw_clone.c"), [&child]);
    let outcome = &profiled.outcome;
    assert_eq!(outcome.ending, Ending::Code(0), "{}", outcome.stderr);
    let reports = profiled.reports();
    assert_eq!(reports.replaced.len(), 0, "the command goes on");
    let allocations = |report: &Report| report.totals.allocations;
    let children: Vec<u64> = reports.children.iter().map(allocations).collect();
    assert!(children.contains(&10), "{children:?}");
    assert_eq!(children.len(), 2, "before and after its exec: {children:?}");
}

#[test]
fn a_negative_number_is_told_by_its_option() {
    for words in [
        ["diff", "--fail-above", "-1", "a", "b"],
        ["check", "--max-peak", "-1", "true", ""],
        ["profile", "--max-trace-size", "-5K", "true", ""],
        ["leaks", "--wait", "1", "--", "-5"],
    ] {
        let outcome = run(Command::new(ldt()).args(words));
        fails_with(&outcome, 125, "expected a");
    }
}

#[test]
fn a_check_without_the_library_of_calls_says_so() {
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    let copy = |from: &Path| {
        let name = from.file_name().expect("it has a name");
        fs::copy(from, folder.path().join(name)).expect("it can be copied");
    };
    copy(&ldt());
    copy(&preload());
    let check = || run(Command::new(folder.path().join("ldt")).args(["check", "-q", "true"]));
    let alone = check();
    assert_eq!(alone.ending, Ending::Code(0), "{alone:?}");
    assert!(
        alone.stderr.contains("warning: libldt_calls.so"),
        "{alone:?}"
    );
    copy(&preload().with_file_name("libldt_calls.so"));
    let whole = check();
    assert_eq!(whole.stderr, "", "{whole:?}");
}

/// A misspelt folder was looked into without a word.
#[test]
fn a_sysroot_that_is_not_there_is_told() {
    for words in [
        ["report", "--sysroot=/nonexistent", "trace"],
        ["--sysroot=/dev/null", "html", "trace"],
    ] {
        let outcome = run(Command::new(ldt()).args(words));
        fails_with(&outcome, 125, "no folder");
    }
}

#[test]
fn a_bad_option_is_named() {
    let outcome = run(Command::new(ldt()).args(["profile", "--no-such-option=5", "--", "true"]));
    fails_with(&outcome, 125, "--no-such-option");
    let outcome = run(Command::new(ldt()).args(["profile"]));
    assert_eq!(outcome.ending, Ending::Code(125), "{outcome:?}");
}

/// A wrapper replaces itself by the program; the trace is the program's.
#[test]
fn wrappers_are_seen_through() {
    let inner = sample("functions/every_c_function.c");
    let by_shell = format!("exec {}", inner.display());
    for (wrapper, arguments) in [
        (
            "env",
            vec!["VARIABLE=value".to_owned(), inner.display().to_string()],
        ),
        ("nice", vec![inner.display().to_string()]),
        ("sh", vec!["-c".to_owned(), by_shell]),
        ("env", vec!["-i".to_owned(), inner.display().to_string()]),
    ] {
        let report = profile(&program(wrapper), &arguments).report();
        let allocations: u64 = report.sites_in("main").map(|site| site.allocations).sum();
        assert_eq!(
            allocations, 8,
            "{wrapper} {arguments:?}: {:?}",
            report.command
        );
    }
}

/// Before LDT it would take all calls: that was a green run without a single block.
#[test]
fn an_allocator_that_is_preloaded_lies_beneath() {
    let inner = sample("functions/every_c_function.c");
    let set = "LD_PRELOAD=libjemalloc.so.2";
    let by_shell = format!("{set}:$LD_PRELOAD exec {}", inner.display());
    for (wrapper, arguments) in [
        ("env", vec![set.to_owned(), inner.display().to_string()]),
        ("sh", vec!["-c".to_owned(), by_shell]),
    ] {
        let profiled = profile(&program(wrapper), &arguments);
        has_jemalloc_beneath(&profiled);
    }
    let profiled = profile_with(&inner, [""; 0], |command| {
        command.env("LD_PRELOAD", "libjemalloc.so.2");
    });
    has_jemalloc_beneath(&profiled);
}

fn has_jemalloc_beneath(profiled: &Profiled) {
    let outcome = &profiled.outcome;
    assert!(
        !outcome.stderr.contains("cannot be preloaded"),
        "{outcome:?}"
    );
    let report = profiled.report();
    let allocations: u64 = report.sites_in("main").map(|site| site.allocations).sum();
    assert_eq!(allocations, 8, "{outcome:?}");
}

/// LDT has a dlsym, too, which passed over such a library.
#[test]
fn a_preloaded_library_may_stand_in_for_dlsym() {
    let library = Sample::named("loading/stands_in_for_dlsym.c").build_library(Variant::PLAIN);
    let program = sample("loading/asks_dlsym.c");
    let profiled = profile_with(&program, [""; 0], |command| {
        command.env("LD_PRELOAD", &library);
    });
    assert_eq!(profiled.outcome.stdout, "found\n", "{:?}", profiled.outcome);
}

/// What comes next after such a library was LDT's free, which led to the library's again, until the stack was used up.
#[test]
fn a_preloaded_library_may_wrap_one_function_alone() {
    let library = Sample::named("loading/wraps_free.c").build_library(Variant::PLAIN);
    let program = sample("functions/every_c_function.c");
    let profiled = profile_with(&program, [""; 0], |command| {
        command.env("LD_PRELOAD", &library);
    });
    let outcome = &profiled.outcome;
    assert_eq!(outcome.ending, Ending::Code(0), "{outcome:?}");
}

#[test]
fn an_earlier_preload_stays() {
    let counting = ldt_tests::counting::Counting::prepare();
    let profiled = profile_with(
        &sample("functions/every_c_function.c"),
        [""; 0],
        |command| {
            command.env("LD_PRELOAD", counting.library());
            counting.attach(command);
        },
    );
    assert_eq!(
        profiled.outcome.ending,
        Ending::Code(0),
        "{:?}",
        profiled.outcome
    );
    assert!(counting.usage().allocations >= 8);
    let report = profiled.report();
    assert_eq!(
        report
            .sites_in("main")
            .map(|site| site.allocations)
            .sum::<u64>(),
        8
    );
}

#[test]
fn the_library_lists_its_options() {
    let listed = with_options("help=1");
    for option in [
        "mode",
        "output",
        "trace_children",
        "max_trace_size",
        "stack_check",
    ] {
        assert!(
            listed.stderr.contains(option),
            "{option} is not in {}",
            listed.stderr
        );
    }
}

#[test]
fn a_bad_option_of_the_library_is_named() {
    let said = with_options("stack_check=perhaps:colour=red").stderr;
    assert!(
        said.contains("stack_check") && said.contains("perhaps"),
        "{said}"
    );
    assert!(said.contains("colour"), "{said}");
}

/// The program was run, as if nothing had been said.
#[test]
fn a_bad_option_of_the_library_is_125_under_ldt() {
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    for (options, named) in [
        ("stack_check=perhaps:colour=red", "colour"),
        ("stack_check=perhaps", "perhaps"),
        ("trace_children=no:untraced=\"/a", "quote"),
    ] {
        for command in ["profile", "check"] {
            let outcome = run(Command::new(ldt())
                .args([command, "touch", "ran"])
                .env("LDT_OPTIONS", options)
                .current_dir(folder.path()));
            fails_with(&outcome, 125, named);
            let left = fs::read_dir(folder.path())
                .expect("it can be listed")
                .count();
            assert_eq!(left, 0, "{command} with {options}: {outcome:?}");
        }
    }
    let outcome = run(Command::new(ldt())
        .args(["check", "true"])
        .env("LDT_OPTIONS", "stack_check=yes:guard=off"));
    assert_eq!(outcome.ending, Ending::Code(0), "{outcome:?}");
}

fn with_options(options: &str) -> Outcome {
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    run(Command::new(sample("empty.c"))
        .current_dir(folder.path())
        .env("LD_PRELOAD", preload())
        .env("LDT_OPTIONS", options))
}

fn sample(path: &str) -> std::path::PathBuf {
    Sample::named(path).build(Variant::SHIPPED)
}

fn fails_with(outcome: &Outcome, code: i32, says: &str) {
    assert_eq!(outcome.ending, Ending::Code(code), "{outcome:?}");
    let first = outcome.stderr.lines().next().unwrap_or_default();
    assert!(
        first.starts_with("ldt: ") && outcome.stderr.contains(says),
        "{outcome:?}"
    );
}
