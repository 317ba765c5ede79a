//! Real programs under LDT: each prints and ends as it does without, its totals agree to the last call
//! with an independent count taken in the same run (and with valgrind's, where the program is small
//! enough), every stack is the same with and without the memo, and the top site is what the program's
//! source says.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use ldt_tests::checked::CheckReport;
use ldt_tests::counting::Counting;
use ldt_tests::installed::{checkout, ldt, program};
use ldt_tests::real::{RealProgram, agrees, attach, reports_beside};
use ldt_tests::report::{Report, Site};
use ldt_tests::run::{Ending, run};
use ldt_tests::samples::{Sample, Variant};
use ldt_tests::valgrind::HeapUsage;
use rustix::process::{Pid, Signal, kill_process};

#[test]
fn python_at_work_on_json() {
    let script = checkout().join("xtask/demo/inventory.py");
    let python = RealProgram::installed("python3", [script.to_string_lossy()])
        .with("PYTHONMALLOC", "malloc");
    let report = python.hold_to_the_promise();
    // Every object is made below the interpreter's loop.
    shows(
        report.top(|site| site.allocations),
        "_PyEval_EvalFrameDefault",
    );
}

#[test]
fn python_compiles_its_library() {
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    let library = run(Command::new(program("python3"))
        .args(["-c", "import os; print(os.path.dirname(os.__file__))"]));
    for package in ["json", "collections", "logging"] {
        let from = Path::new(library.stdout.trim()).join(package);
        copy_sources(&from, &folder.path().join(package));
    }
    let arguments = ["-m", "compileall", "-q", "-f"].map(str::to_owned);
    let arguments = arguments
        .into_iter()
        .chain([folder.path().display().to_string()]);
    let python = RealProgram::installed("python3", arguments).with("PYTHONMALLOC", "malloc");
    let report = python.hold_to_the_promise();
    // Debian's python3 shows its exported functions only; this one takes a source to its code.
    let compiling = report.sites_in("Py_CompileStringObject");
    let compiling: u64 = compiling.map(|site| site.allocations).sum();
    assert!(
        compiling * 4 > report.totals.allocations,
        "only {compiling} allocations in the compiler of {:?}",
        report.totals
    );
}

#[test]
fn gxx_compiles_a_template() {
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    let source = folder.path().join("search.cpp");
    let text = "#include <regex>\nbool found(const char *text) { return std::regex_search(text, std::regex(\"a+b\")); }\n";
    fs::write(&source, text).expect("a temporary file can be written");
    let object = folder.path().join("search.o");
    let arguments = ["-O0", "-c", "-o"].map(str::to_owned);
    let arguments = arguments
        .into_iter()
        .chain([object.display().to_string(), source.display().to_string()]);
    let gxx = RealProgram::installed("g++", arguments);

    assert_eq!(gxx.bare().ending, Ending::Code(0));
    let without = fs::read(&object).expect("g++ made an object file");
    let _ = gxx.hold_to_the_promise();
    let with = fs::read(&object).expect("g++ made an object file");
    assert!(without == with, "the object file is another one under LDT");
}

#[test]
fn sqlite_sorts_a_table() {
    let sql = "create table part(number integer primary key, name text, size integer);
        with recursive count(n) as (select 1 union all select n + 1 from count where n < 4000)
            insert into part select n, 'part ' || (n * 7919 % 4001), n % 17 from count;
        create index by_name on part(name);
        select count(*), sum(size) from part where name like 'part 1%';
        select name from part order by size, name limit 3;";
    let sqlite = RealProgram::installed("sqlite3", [":memory:", sql]);
    let report = sqlite.hold_to_the_promise();
    shows(report.top(|site| site.allocations), "sqlite3_step");
    valgrind_agrees(&sqlite, &report);
}

#[test]
fn git_shows_a_log() {
    let repository = repository();
    let path = repository.path().display().to_string();
    let git = RealProgram::installed(
        "git",
        ["-C", &path, "--no-pager", "log", "--stat", "-n", "60"],
    );
    let report = git.hold_to_the_promise();
    assert!(report.totals.allocations > 1_000, "{:?}", report.totals);
    // Debian's git has no symbols: its module stands for its functions.
    assert!(in_module(report.top(|site| site.allocations), "git"));
}

#[test]
fn git_collects_its_garbage() {
    let repository = repository();
    let path = repository.path().display().to_string();
    let arguments = [
        "-C",
        &path,
        "-c",
        "gc.auto=0",
        "gc",
        "--quiet",
        "--aggressive",
    ];
    let report = RealProgram::installed("git", arguments).hold_to_the_promise();
    assert!(report.totals.allocations > 100, "{:?}", report.totals);
    let check = run(Command::new(program("git")).args(["-C", &path, "fsck", "--strict"]));
    assert_eq!(check.ending, Ending::Code(0), "{check:?}");
}

#[test]
fn perl_counts_words() {
    let script = "my %count; for my $n (1 .. 6000) { push @{$count{\"word\" . ($n * 31 % 997)}}, \"place $n\" }
        print scalar(keys %count), ' ', join(',', (sort keys %count)[0 .. 3]), \"\\n\";";
    let perl = RealProgram::installed("perl", ["-e", script]).with("PERL_HASH_SEED", "0");
    let report = perl.hold_to_the_promise();
    // No comparison with valgrind: perl allocates for each variable of the environment, and valgrind and
    // LDT each set others.
    shows(report.top(|site| site.allocations), "Perl_runops_standard");
}

#[test]
fn node_parses_json() {
    let script =
        "const parts = []; for (let n = 0; n < 20000; n++) parts.push({n, name: 'part ' + n});
        const text = JSON.stringify(parts); console.log(JSON.parse(text).length, text.length);";
    let report = RealProgram::installed("node", ["-e", script]).hold_to_the_promise();
    assert!(in_module(report.top(|site| site.allocations), "node"));
}

#[test]
fn bash_runs_a_pipeline() {
    let script = "seq 1 3000 | sed 's/7/seven/' | sort -r | uniq -c | tail -n 2; (exit 5); echo $?; echo $(printf one; printf two)";
    let report = RealProgram::installed("bash", ["-c", script]).hold_to_the_promise();
    shows(report.top(|site| site.allocations), "xmalloc");
}

#[test]
fn a_rust_program() {
    let path = Sample::named("programs/word_index.rs").build(Variant::SHIPPED);
    let words = RealProgram::at(&path, [""; 0]);
    let report = words.hold_to_the_promise();
    shows(report.top(|site| site.allocations), "make_text");
    valgrind_agrees(&words, &report);
}

#[test]
fn a_cxx_program_that_throws() {
    let path = Sample::named("programs/throws.cpp").build(Variant::SHIPPED);
    let throws = RealProgram::at(&path, [""; 0]);
    let report = throws.hold_to_the_promise();
    shows(report.top(|site| site.allocations), "parse");
    valgrind_agrees(&throws, &report);
}

#[test]
fn redis_serves_its_benchmark() {
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    let trace = folder.path().join("profiled");
    let mut command = Command::new(ldt());
    command
        .args(["profile", "-o"])
        .arg(&trace)
        .arg("--")
        .arg(program("redis-server"));
    serve_and_terminate(&mut command, folder.path());
    let report = Report::of(&trace);
    assert!(report.totals.allocations > 10_000, "{:?}", report.totals);
    assert!(in_module(report.top(|site| site.allocations), "redis"));

    for guard in ["adaptive", "all", "off"] {
        let json = folder.path().join(format!("{guard}.json"));
        let mut command = Command::new(ldt());
        command
            .args(["check", "--errors-for-leak-kinds=none"])
            .arg(format!("--guard={guard}"))
            .arg("--json")
            .arg(&json)
            .arg("--")
            .arg(program("redis-server"));
        serve_and_terminate(&mut command, folder.path());
        let text = fs::read(&json).expect("ldt check writes its JSON");
        let report: CheckReport = serde_json::from_slice(&text).expect("it is JSON");
        assert!(report.errors.is_empty(), "{guard}: {:?}", report.errors);
    }

    let counting = Counting::prepare();
    let checked = folder.path().join("checked");
    let mut command = Command::new(program("redis-server"));
    attach(&mut command, &checked, &counting);
    serve_and_terminate(&mut command, folder.path());
    agrees(&reports_beside(&checked), &counting);
}

/// Starts a redis server with `command`, has redis-benchmark work on it, ends it with SIGTERM.
fn serve_and_terminate(command: &mut Command, folder: &Path) {
    let socket = folder.join("socket").display().to_string();
    let cli = |request: &[&str]| {
        let mut command = Command::new(program("redis-cli"));
        run(command.args(["-s", &socket]).args(request))
    };
    let mut server = command
        .args([
            "--port",
            "0",
            "--unixsocket",
            &socket,
            "--save",
            "",
            "--io-threads",
            "2",
            "--dir",
        ])
        .arg(folder)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("redis-server can be started");
    while cli(&["ping"]).stdout.trim() != "PONG" {
        let ended = server.try_wait().expect("a child can be asked");
        assert!(ended.is_none(), "redis-server ended by itself: {ended:?}");
    }
    let benchmark = run(Command::new(program("redis-benchmark")).args([
        "-s",
        &socket,
        "-q",
        "-n",
        "4000",
        "-t",
        "set,get,lpush,hset",
    ]));
    assert_eq!(benchmark.ending, Ending::Code(0), "{benchmark:?}");
    let information = cli(&["info", "server"]).stdout;
    let pid = information
        .lines()
        .find_map(|line| line.strip_prefix("process_id:")?.trim().parse().ok())
        .and_then(Pid::from_raw)
        .unwrap_or_else(|| panic!("redis tells no process_id: {information}"));
    kill_process(pid, Signal::TERM).expect("redis-server can be terminated");
    let ended = server.wait().expect("a child can be waited for");
    assert_eq!(ended.code(), Some(0), "redis-server after SIGTERM");
}

/// A repository with a history of some length.
fn repository() -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    let script = r#"
        set -e
        cd "$0"
        git init -q -b main .
        for n in $(seq 1 120); do
            echo "commit refs/heads/main"
            echo "committer A B <a@example.org> $((1700000000 + n * 60)) +0000"
            echo "data 9"
            printf 'Step %04d\n' $n
            for file in $((n % 7)) $((n % 11)); do
                echo "M 100644 inline folder/file$file"
                text=$(seq $((n + file)) $((n + file + 150)))
                echo "data ${#text}"
                echo "$text"
            done
        done | git fast-import --quiet
    "#;
    let made = run(Command::new(program("bash"))
        .args(["-c", script])
        .arg(folder.path()));
    assert_eq!(made.ending, Ending::Code(0), "{made:?}");
    folder
}

fn copy_sources(from: &Path, to: &Path) {
    fs::create_dir_all(to).expect("a temporary folder can be made");
    for entry in fs::read_dir(from).expect("python has its library") {
        let path = entry.expect("a folder can be listed").path();
        if path.extension().is_some_and(|extension| extension == "py") {
            let name = path.file_name().expect("a file has a name");
            fs::copy(&path, to.join(name)).expect("a file can be copied");
        }
    }
}

fn shows(site: &Site, function: &str) {
    assert!(site.has(function), "{function} is not in {}", site.shown());
}

fn in_module(site: &Site, name: &str) -> bool {
    site.stack.iter().any(|frame| {
        let module = frame.module.as_deref().unwrap_or_default();
        module
            .rsplit('/')
            .next()
            .is_some_and(|file| file.starts_with(name))
    })
}

fn valgrind_agrees(real: &RealProgram, report: &Report) {
    assert_eq!(
        HeapUsage::from(report.totals),
        real.valgrind_usage(),
        "LDT's totals (left) and valgrind's (right)"
    );
}
