//! Names that do not stand in the recorded files at their places: of code made at run time, from separate debug
//! files, of a machine whose files are elsewhere.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::SystemTime;

use ldt_tests::installed::{checkout, ldt, program};
use ldt_tests::profile::{Profiled, profile, profile_with};
use ldt_tests::run::{Ending, run};
use ldt_tests::samples::{Sample, Variant};
use object::Object as _;
use tempfile::TempDir;

/// Functions of JavaScript, as node's own map names them, with the allocations of native code that they call.
#[test]
fn code_made_at_run_time_is_named_by_the_map_of_its_process() {
    let script = "function keepBuffers(n) { const kept = [];\
        for (let i = 0; i < n; i++) kept.push(Buffer.allocUnsafeSlow(20000)); return kept; }\
        console.log(keepBuffers(300).length);";
    let options = [
        "--perf-basic-prof",
        "--interpreted-frames-native-stack",
        "-e",
    ];
    // It leaves a log where it stands.
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    let options = options.iter().chain([&script]);
    let profiled = profile_with(&program("node"), options, |command| {
        command.current_dir(&folder);
    });
    assert_eq!(profiled.outcome.stdout, "300\n", "{:?}", profiled.outcome);
    let map = Map(format!("/tmp/perf-{}.map", profiled.report().pid).into());
    let named = allocations_by(&profiled, "keepBuffers");
    assert!(named >= 300, "{named} allocations of keepBuffers");
    // A map from before the process began is of another one that had its number.
    let file = fs::File::options().append(true).open(&map.0);
    let aged = file.and_then(|file| file.set_modified(SystemTime::UNIX_EPOCH));
    aged.expect("node has written a map, whose time can be set");
    assert_eq!(allocations_by(&profiled, "keepBuffers"), 0);
}

/// Allocations with a frame whose name has this in it.
fn allocations_by(profiled: &Profiled, part_of_name: &str) -> u64 {
    let report = profiled.report();
    let by_it = |function: &str| function.contains(part_of_name);
    let sites = report
        .sites
        .iter()
        .filter(|site| site.functions().any(by_it));
    sites.map(|site| site.allocations).sum()
}

/// A file that goes with this value.
struct Map(PathBuf);

impl Drop for Map {
    fn drop(&mut self) {
        // The test has failed already when it is not there.
        let _ = fs::remove_file(&self.0);
    }
}

/// A trace of a container or another machine is read where its files are not at their places.
#[test]
fn names_come_from_where_the_recorded_machines_files_are() {
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    let program = folder.path().join("program");
    let built = Sample::named("threads/named_threads.c").build(Variant::PLAIN);
    fs::copy(built, &program).expect("a file can be copied");
    let profiled = profile(&program, [""; 0]);
    let root = folder.path().join("root");
    let below = |path: &std::path::Path| root.join(path.strip_prefix("/").expect("it is absolute"));
    let there = below(&program);
    fs::create_dir_all(there.parent().expect("it has a folder")).expect("a folder can be made");
    fs::rename(&program, &there).expect("a file can be moved");
    let bare = report(&profiled, None);
    assert!(
        !bare.contains("by_alpha") && bare.contains("--sysroot DIR"),
        "{bare}"
    );
    let by_path = report(&profiled, Some(&root));
    assert!(
        by_path.contains("by_alpha") && !by_path.contains("no names"),
        "{by_path}"
    );
    // Another program of that name is not taken for it.
    fs::copy("/bin/true", &program).expect("a file can be copied");
    let by_path = report(&profiled, Some(&root));
    assert!(by_path.contains("by_alpha"), "{by_path}");
    let by_name = there.parent().expect("it has a folder");
    let by_name = report(&profiled, Some(by_name));
    assert!(by_name.contains("by_alpha"), "{by_name}");
    fs::rename(&program, root.join("program")).expect("a file can be moved");
    let first_by_name = report(&profiled, Some(&root));
    assert!(first_by_name.contains("by_alpha"), "{first_by_name}");
}

/// Debug information that a distribution keeps in files of its own, of the recorded machine.
#[test]
fn debug_files_of_the_recorded_machine_are_found_by_build_id() {
    let stripped = Stripped::new();
    let build_id = stripped.build_id();
    let (first, rest) = build_id.split_at(2);
    stripped.holds_to_debug_file_at(&format!("usr/lib/debug/.build-id/{first}/{rest}.debug"));
}

#[test]
fn debug_files_of_the_recorded_machine_are_found_by_their_link() {
    let stripped = Stripped::new();
    let folder = stripped
        .folder
        .path()
        .strip_prefix("/")
        .expect("it is absolute");
    let beside = format!("usr/lib/debug/{}/program.debug", folder.display());
    stripped.holds_to_debug_file_at(&beside);
}

/// Bundles bring a loader of their own, and start programs by it: the kernel takes that for the executable, whose names the
/// program's frames did not have.
#[test]
fn a_program_that_the_loader_is_told_to_run_has_its_names() {
    let program = Sample::named("threads/named_threads.c").build(Variant::PLAIN);
    let profiled = profile(Path::new("/lib64/ld-linux-x86-64.so.2"), [&program]);
    let text = report(&profiled, None);
    assert!(text.contains("named_threads.c:"), "{text}");
    assert!(!text.contains("has changed"), "{text}");
}

/// Split DWARF: inlined functions were missing, and the line of the innermost stood beside the outermost's name.
#[test]
fn inlined_functions_come_from_the_objects_own_files() {
    for version in ["-gdwarf-5", "-gdwarf-4"] {
        let split = Split::new(version);
        let there = split.reported();
        assert!(there.contains("inlined.c:7 (program) [inlined]"), "{there}");
        fs::remove_file(split.at("program-inlined.dwo")).expect("gcc has written it");
        let gone = split.reported();
        assert!(!gone.contains("[inlined]"), "{gone}");
        assert!(gone.contains("inlined functions are missing"), "{gone}");
    }
}

#[test]
fn inlined_functions_come_from_a_package() {
    let split = Split::new("-gdwarf-4");
    let mut command = Command::new(program("dwp"));
    let outcome =
        run(command
            .current_dir(&split.folder)
            .args(["-e", "program", "-o", "program.dwp"]));
    assert_eq!(outcome.ending, Ending::Code(0), "{outcome:?}");
    fs::remove_file(split.at("program-inlined.dwo")).expect("gcc has written it");
    let packed = split.reported();
    assert!(
        packed.contains("inlined.c:7 (program) [inlined]"),
        "{packed}"
    );
    fs::remove_file(split.at("program.dwp")).expect("it was written");
    let gone = split.reported();
    assert!(gone.contains("inlined functions are missing"), "{gone}");
}

/// A program whose objects have debug information of their own, recorded.
struct Split {
    folder: TempDir,
    profiled: Profiled,
}

impl Split {
    fn new(version: &str) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder can be made");
        let source = checkout().join("samples/stacks/inlined.c");
        let mut gcc = Command::new("gcc");
        gcc.current_dir(&folder).arg(source);
        let built = run(gcc.args(["-O1", "-g", version, "-gsplit-dwarf", "-o", "program"]));
        assert_eq!(built.ending, Ending::Code(0), "{built:?}");
        let profiled = profile(&folder.path().join("program"), [""; 0]);
        Split { folder, profiled }
    }

    fn at(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn reported(&self) -> String {
        report(&self.profiled, None)
    }
}

/// A program without any names, and a file with them, to which it has a link.
struct Stripped {
    folder: TempDir,
    program: PathBuf,
    names: PathBuf,
}

impl Stripped {
    fn new() -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder can be made");
        let at = |name: &str| folder.path().join(name);
        let (program, names) = (at("program"), at("program.debug"));
        let built = Sample::named("threads/named_threads.c").build(Variant::PLAIN);
        let link = format!("--add-gnu-debuglink={}", names.display());
        objcopy(&["--only-keep-debug"], &built, &names);
        objcopy(&["--strip-all", &link], &built, &program);
        let names = fs::canonicalize(names).expect("it was written");
        Stripped {
            folder,
            program,
            names,
        }
    }

    fn build_id(&self) -> String {
        let data = fs::read(&self.program).expect("it was written");
        let file = object::File::parse(&*data).expect("it is a program");
        let build_id = file.build_id().expect("it can be read");
        let bytes = build_id.expect("the linker writes one").iter();
        bytes.map(|byte| format!("{byte:02x}")).collect()
    }

    /// Names come from the debug file at this path below the recorded machine's root, whether its program is there, too,
    /// or here; without it there are none.
    fn holds_to_debug_file_at(&self, path: &str) {
        let profiled = profile(&self.program, [""; 0]);
        let root = self.folder.path().join("root");
        let there = root.join(path);
        move_to(&self.names, &there);
        let without = report(&profiled, None);
        assert!(!without.contains("by_alpha"), "{without}");
        let with = report(&profiled, Some(&root));
        for words in ["by_alpha", "named_threads.c:"] {
            assert!(with.contains(words), "no `{words}` in:\n{with}");
        }
        let below = self.program.strip_prefix("/").expect("it is absolute");
        move_to(&self.program, &root.join(below));
        let all_there = report(&profiled, Some(&root));
        assert!(all_there.contains("named_threads.c:"), "{all_there}");
    }
}

fn move_to(from: &Path, to: &Path) {
    fs::create_dir_all(to.parent().expect("it has a folder")).expect("a folder can be made");
    fs::rename(from, to).expect("a file can be moved");
}

fn objcopy(options: &[&str], from: &Path, to: &Path) {
    let mut command = Command::new(program("objcopy"));
    let outcome = run(command.args(options).arg(from).arg(to));
    assert_eq!(outcome.ending, Ending::Code(0), "{outcome:?}");
}

/// The text of `ldt report`, with the recorded machine's files below a folder.
fn report(profiled: &Profiled, sysroot: Option<&Path>) -> String {
    let mut command = Command::new(ldt());
    command.arg("report").arg(profiled.trace());
    if let Some(sysroot) = sysroot {
        command.arg("--sysroot").arg(sysroot);
    }
    let outcome = run(&mut command);
    assert_eq!(outcome.ending, Ending::Code(0), "{outcome:?}");
    outcome.stdout
}
