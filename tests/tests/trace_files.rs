//! Where traces go: the default name, the placeholders of `-o`, the rights, what is done where nothing can
//! be written, and which children are followed.

use std::ffi::OsString;
use std::fs;
use std::io::{BufRead, BufReader};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use ldt_tests::installed::{ldt, preload};
use ldt_tests::profile::profile;
use ldt_tests::report::Report;
use ldt_tests::run::{Ending, Outcome, run};
use ldt_tests::samples::{Sample, Variant};
use tempfile::TempDir;

#[test]
fn the_default_is_in_the_folder_at_start() {
    let folder = folder();
    let program = sample("functions/every_c_function.c");
    let outcome = run(Command::new(ldt())
        .args(["profile", "--"])
        .arg(&program)
        .current_dir(folder.path()));
    assert_eq!(outcome.ending, Ending::Code(0), "{outcome:?}");
    let names = names(folder.path());
    assert_eq!(names.len(), 1, "{names:?}");
    let report = Report::of(&folder.path().join(&names[0]));
    assert_eq!(
        names[0],
        format!("ldt.every_c_function_c.{}.trace", report.pid)
    );
}

#[test]
fn threads_that_never_allocate_leave_no_windows_behind() {
    let idle = profile(&sample("threads/idle_threads.c"), [""; 0]);
    assert_eq!(idle.outcome.ending, Ending::Code(0), "{:?}", idle.outcome);
    let length_bytes = fs::metadata(idle.trace()).expect("it is there").len();
    // A window of 512 KiB for each of the thousand would be eight times that.
    assert!(length_bytes < 64 << 20, "{length_bytes} bytes");
}

#[test]
fn a_program_that_fills_no_window_keeps_its_short_one() {
    let short = profile(&sample("functions/every_c_function.c"), [""; 0]);
    assert_eq!(short.outcome.ending, Ending::Code(0), "{:?}", short.outcome);
    let length_bytes = fs::metadata(short.trace()).expect("it is there").len();
    // A long window alone is 1 MiB.
    assert!(length_bytes < 1 << 20, "{length_bytes} bytes");
}

#[test]
fn the_library_alone_writes_the_default() {
    let folder = folder();
    let outcome = run(Command::new(sample("functions/every_c_function.c"))
        .current_dir(folder.path())
        .env("LD_PRELOAD", preload()));
    assert_eq!(outcome.ending, Ending::Code(0), "{outcome:?}");
    let names = names(folder.path());
    assert_eq!(names.len(), 1, "{names:?}");
    let report = Report::of(&folder.path().join(&names[0]));
    assert_eq!(
        names[0],
        format!("ldt.every_c_function_c.{}.trace", report.pid)
    );
    assert_eq!(report.calls.get("malloc"), Some(&1));
}

#[test]
fn a_percent_sign_in_the_name_of_the_folder_is_one() {
    let parent = folder();
    let program = sample("functions/every_c_function.c");
    for name in ["50%off", "a%p"] {
        let folder = parent.path().join(name);
        fs::create_dir(&folder).expect("a folder can be made");
        let mut command = Command::new(ldt());
        command.args(["profile", "-o", "x.trace"]).arg(&program);
        for _ in 0..2 {
            // The second takes the place of the first.
            let outcome = run(command.current_dir(&folder));
            assert_eq!(outcome.ending, Ending::Code(0), "{outcome:?}");
            assert_eq!(names(&folder), ["x.trace"], "{outcome:?}");
        }
        let outcome = run(Command::new(&program)
            .current_dir(&folder)
            .env("LD_PRELOAD", preload()));
        assert_eq!(outcome.ending, Ending::Code(0), "{outcome:?}");
        assert_eq!(names(&folder).len(), 2, "{outcome:?}");
    }
}

#[test]
fn placeholders_are_filled_in() {
    let folder = folder();
    let outcome = profile_to(
        &folder.path().join("of-%e-%p"),
        "functions/every_c_function.c",
    );
    assert_eq!(outcome.ending, Ending::Code(0), "{outcome:?}");
    let names = names(folder.path());
    assert_eq!(names.len(), 1, "{names:?}");
    let report = Report::of(&folder.path().join(&names[0]));
    assert_eq!(names[0], format!("of-every_c_function_c-{}", report.pid));
}

#[test]
fn only_the_owner_may_read_a_trace() {
    let folder = folder();
    let trace = folder.path().join("trace");
    profile_to(&trace, "endings/returns.c");
    let mode = fs::metadata(&trace)
        .expect("there is a trace")
        .permissions()
        .mode();
    assert_eq!(mode & 0o777, 0o600);
}

#[test]
fn a_symbolic_link_is_not_followed() {
    let folder = folder();
    let precious = folder.path().join("precious");
    fs::write(&precious, "precious").expect("a temporary file can be written");
    let trace = folder.path().join("trace");
    std::os::unix::fs::symlink(&precious, &trace).expect("a link can be made");
    let outcome = profile_to(&trace, "endings/returns.c");
    assert_eq!(fs::read(&precious).expect("it is still there"), b"precious");
    assert!(outcome.stderr.contains("ldt: "), "{outcome:?}");
}

#[test]
fn a_folder_that_cannot_be_written_is_said_and_another_taken() {
    let elsewhere = folder();
    let outcome = run(Command::new(sample("endings/returns.c"))
        .current_dir("/proc")
        .env("TMPDIR", elsewhere.path())
        .env("LD_PRELOAD", preload()));
    assert_eq!(outcome.ending, Ending::Code(0), "{outcome:?}");
    let names = names(elsewhere.path());
    assert_eq!(names.len(), 1, "{names:?}");
    let said = outcome.stderr.lines().next().unwrap_or_default();
    assert!(
        said.starts_with("ldt: ") && said.contains(&*elsewhere.path().to_string_lossy()),
        "{outcome:?}"
    );
}

/// It was recorded to another folder, with exit code 0.
#[test]
fn a_name_that_cannot_be_written_is_125_and_nothing_is_run() {
    let folder = folder();
    let ran = folder.path().join("ran");
    for (command, name) in [
        (&["profile"][..], "no-such-folder/x.trace"),
        (&["profile"], "no-such-folder/%p.trace"),
        (&["check", "--profile"], "no-such-folder/x.trace"),
        (&["profile"], "-"),
    ] {
        let outcome = run(Command::new(ldt())
            .args(command)
            .args(["-o", name, "--", "touch"])
            .arg(&ran)
            .current_dir(folder.path()));
        assert_eq!(outcome.ending, Ending::Code(125), "{name}: {outcome:?}");
        let first = outcome.stderr.lines().next().unwrap_or_default();
        assert!(first.starts_with("ldt: "), "{name}: {outcome:?}");
        assert_eq!(names(folder.path()), [""; 0], "{name}");
    }
}

#[test]
fn a_folder_that_cannot_be_written_and_no_other_is_125() {
    let outcome = run(Command::new(ldt())
        .args(["profile", "true"])
        .current_dir("/proc")
        .env("TMPDIR", "/nonexistent"));
    assert_eq!(outcome.ending, Ending::Code(125), "{outcome:?}");
    assert!(
        outcome.stderr.contains("the command was not run"),
        "{outcome:?}"
    );
}

#[test]
fn a_folder_that_is_gone_is_no_matter() {
    let (gone, there) = (folder(), folder());
    let in_a_gone_folder = |options: &str| {
        let script = format!("rmdir \"$PWD\"; exec \"$LDT\" profile {options} \"$PROGRAM\"");
        fs::create_dir_all(gone.path()).expect("a temporary folder can be made");
        run(Command::new("sh")
            .args(["-c", &script])
            .current_dir(gone.path())
            .env("LDT", ldt())
            .env("PROGRAM", sample("endings/returns.c"))
            .env("TMPDIR", there.path()))
    };
    let by_default = in_a_gone_folder("");
    assert_eq!(by_default.ending, Ending::Code(0), "{by_default:?}");
    assert_eq!(names(there.path()).len(), 1, "{by_default:?}");
    let named = in_a_gone_folder("-o \"$TMPDIR/named\"");
    assert_eq!(named.ending, Ending::Code(0), "{named:?}");
    assert_eq!(Report::of(&there.path().join("named")).exit.code, Some(0));
    let relative = in_a_gone_folder("-o named");
    assert_eq!(relative.ending, Ending::Code(125), "{relative:?}");
    assert!(relative.stderr.contains("a whole path"), "{relative:?}");
}

/// The second run took the name from the first, whose trace nobody could read any more.
#[test]
fn the_trace_of_a_running_program_is_not_replaced() {
    let folder = folder();
    let trace = folder.path().join("trace");
    let mut first = Command::new(ldt())
        .args(["profile", "-o"])
        .arg(&trace)
        .args(["sh", "-c", "echo started; read until_told"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("it can be started");
    let mut says = BufReader::new(first.stdout.take().expect("it is piped"));
    let mut line = String::new();
    says.read_line(&mut line).expect("it says that it runs");
    let second = profile_to(&trace, "endings/returns.c");
    drop(first.stdin.take());
    let pid = Report::of(&trace).pid;
    first.wait().expect("a child can be waited for");
    assert_eq!(second.ending, Ending::Code(125), "{second:?}");
    let said = format!("process {pid} still records there");
    assert!(second.stderr.contains(&said), "{second:?}");
    let again = profile_to(&trace, "endings/returns.c");
    assert_eq!(again.ending, Ending::Code(0), "{again:?}");
}

#[test]
fn a_trace_stops_at_the_limit_that_is_asked_for() {
    let folder = folder();
    let trace = folder.path().join("trace");
    let outcome = run(Command::new(ldt())
        .args(["profile", "--max-trace-size=2M", "-o"])
        .arg(&trace)
        .arg("--")
        .arg(sample("adversarial/diversity.c")));
    assert_eq!(outcome.ending, Ending::Code(0), "{outcome:?}");
    let size = fs::metadata(&trace).expect("there is a trace").len();
    assert!(size <= 2 << 20, "the trace has {size} bytes");
    let report = Report::of(&trace);
    assert!(report.truncated);
    assert!(report.totals.allocations > 1_000, "{:?}", report.totals);
    assert!(report.totals.allocations < 1_000_000, "{:?}", report.totals);
}

#[test]
fn children_are_left_alone_when_asked() {
    let folder = folder();
    for option in ["--trace-children=no", "--trace-children-skip=posix_*"] {
        let trace = folder.path().join("trace");
        let outcome = run(Command::new(ldt())
            .args(["profile", option, "-o"])
            .arg(&trace)
            .arg("--")
            .arg(sample("processes/posix_spawn.c")));
        assert_eq!(outcome.ending, Ending::Code(0), "{option}: {outcome:?}");
        assert_eq!(names(folder.path()), ["trace"], "{option}");
    }
}

fn folder() -> TempDir {
    tempfile::tempdir().expect("a temporary folder can be made")
}

fn sample(path: &str) -> PathBuf {
    Sample::named(path).build(Variant::SHIPPED)
}

fn profile_to(trace: &Path, path: &str) -> Outcome {
    run(Command::new(ldt())
        .args(["profile", "-o"])
        .arg(trace)
        .arg("--")
        .arg(sample(path)))
}

/// The names in a folder, in order.
fn names(folder: &Path) -> Vec<String> {
    let names = fs::read_dir(folder).expect("a temporary folder can be listed");
    let mut names: Vec<String> = names
        .map(|entry| entry.expect("it can be listed").file_name())
        .map(OsString::into_string)
        .map(|name| name.expect("a name of ours is text"))
        .collect();
    names.sort();
    names
}
