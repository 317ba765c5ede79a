//! No false alarms: what `ldt check` says real programs definitely or possibly lose, valgrind says as well. The
//! programs are those of `real_programs.rs`, with little work: valgrind takes its time.

use std::fs;
use std::process::Command;

use ldt_tests::installed::program;
use ldt_tests::real::RealProgram;
use ldt_tests::run::{Ending, run};
use ldt_tests::samples::{Sample, Variant};

/// Either nothing is lost, or valgrind reports it too.
fn hold(real: &RealProgram) {
    let lost = real.lost_under_check();
    if lost.is_empty() {
        return;
    }
    let known = real.lost_under_valgrind();
    let alone: Vec<_> = lost
        .iter()
        .filter(|lost| !known.iter().any(|known| lost.is_like(known)))
        .collect();
    assert!(
        alone.is_empty(),
        "LDT reports {} records of {} that valgrind does not: {alone:#?}\n\nvalgrind: {known:#?}",
        alone.len(),
        lost.len()
    );
}

#[test]
fn python() {
    // With the allocator of its own, as it is shipped; with malloc beneath every object valgrind takes minutes.
    let script = "import json; print(len(json.dumps([{'n': n} for n in range(300)])))";
    hold(&RealProgram::installed("python3", ["-c", script]));
}

#[test]
fn gxx() {
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    let source = folder.path().join("add.cpp");
    fs::write(&source, "int add(int a, int b) { return a + b; }\n").expect("a file can be written");
    let arguments = ["-c", "-o", "/dev/null"].map(str::to_owned);
    let arguments = arguments.into_iter().chain([source.display().to_string()]);
    hold(&RealProgram::installed("g++", arguments));
}

#[test]
fn sqlite() {
    let sql = "create table part(number integer primary key, name text);
        insert into part values (1, 'one'), (2, 'two'); create index by_name on part(name);
        select name from part order by name;";
    hold(&RealProgram::installed("sqlite3", [":memory:", sql]));
}

#[test]
fn git() {
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    let path = folder.path().display().to_string();
    let script = "cd \"$0\" && git init -q . && echo text > file && git add file &&
        git -c user.name=A -c user.email=a@example.org commit -q -m Begin";
    let made = run(Command::new(program("bash")).args(["-c", script, &path]));
    assert_eq!(made.ending, Ending::Code(0), "{made:?}");
    hold(&RealProgram::installed(
        "git",
        ["-C", &path, "--no-pager", "log", "--stat"],
    ));
    hold(&RealProgram::installed(
        "git",
        ["-C", &path, "-c", "gc.auto=0", "gc", "--quiet"],
    ));
}

#[test]
fn perl() {
    let script =
        "my %count; for my $n (1 .. 100) { push @{$count{$n % 7}}, $n } print scalar(keys %count)";
    hold(&RealProgram::installed("perl", ["-e", script]).with("PERL_HASH_SEED", "0"));
}

/// valgrind needs a minute for node's start alone; there is nothing that it would have to confirm.
#[test]
fn node_loses_nothing() {
    let script = "console.log(JSON.stringify([1, 2, 3].map((n) => ({ n }))).length)";
    let lost = RealProgram::installed("node", ["-e", script]).lost_under_check();
    assert!(lost.is_empty(), "{lost:#?}");
}

#[test]
fn bash() {
    let script = "seq 1 30 | sed 's/7/seven/' | sort -r | uniq -c | tail -n 2; (exit 5); echo $?; echo $(printf one)";
    hold(&RealProgram::installed("bash", ["-c", script]));
}

/// The server itself is in `real_programs.rs`; this is its start and its orderly end.
#[test]
fn redis() {
    let script =
        "redis-server --port 0 --save '' --unixsocket \"$0/socket\" --dir \"$0\" > /dev/null &
        until redis-cli -s \"$0/socket\" set name value > /dev/null 2>&1; do :; done
        redis-cli -s \"$0/socket\" shutdown nosave; wait";
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    let path = folder.path().display().to_string();
    hold(&RealProgram::installed("bash", ["-c", script, &path]));
}

#[test]
fn own_programs() {
    for name in ["programs/word_index.rs", "programs/throws.cpp"] {
        let path = Sample::named(name).build(Variant::SHIPPED);
        hold(&RealProgram::at(&path, [""; 0]));
    }
}
