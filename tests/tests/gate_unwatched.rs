//! What `ldt check` says of programs that it is not in, or sees a part of: never nothing.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use ldt_tests::gate::{Project, finds};
use rustix::fs::{XattrFlags, setxattr};

/// Builds a program that LDT cannot be in, and that does nothing.
fn static_program(project: &Project, name: &str) {
    let source = project.file("nothing.c");
    fs::write(&source, "int main(void) { return 0; }").expect("a file can be written");
    project.gcc(&source, name, &["-static"]);
}

#[test]
fn children_that_were_not_looked_into_are_listed() {
    let project = finds();
    static_program(&project, "static");
    let command = ["sh", "-c", "./finds balanced; ./static; true"];
    let outcome = project.check(&[""; 0], &command);
    assert_eq!(outcome.code(), 0, "{}", outcome.stderr);
    assert!(
        outcome.stderr.contains("not checked: ./static"),
        "{}",
        outcome.stderr
    );
    let outcome = project.check(&["--untraced-children=error"], &command);
    assert_eq!(outcome.code(), 125, "{}", outcome.stderr);
    assert!(outcome.stderr.contains("./static"), "{}", outcome.stderr);
}

/// The loader takes such a program for one that is setuid: nothing was said of it, and the run was green.
#[test]
fn a_child_that_gets_capabilities_is_listed() {
    let project = finds();
    let program = project.file("has_capabilities");
    fs::copy(project.file("finds"), &program).expect("a file can be copied");
    // The effective and permitted right to bind low ports, in the second revision of the kernel's form.
    let value = [[1, 0, 0, 2], [0, 4, 0, 0], [0; 4], [0; 4], [0; 4]].concat();
    let flags = XattrFlags::empty();
    if let Err(error) = setxattr(&program, "security.capability", &value, flags) {
        eprintln!("only root can give capabilities: {error}");
        return;
    }
    // Whom they are given to must come to the program.
    let everyone = fs::Permissions::from_mode(0o755);
    fs::set_permissions(project.file("."), everyone).expect("the rights can be set");
    let as_nobody = "./finds balanced; setpriv --reuid=65534 ./has_capabilities double_free; true";
    let outcome = project.check(&[""; 0], &["sh", "-c", as_nobody]);
    let said = "./has_capabilities: it has capabilities of its own";
    assert!(outcome.stderr.contains(said), "{}", outcome.stderr);
}

/// Under another root the loader cannot find LDT: it complained, and the run was green.
#[test]
fn a_child_under_another_root_is_listed() {
    let project = finds();
    let loader = "/lib64/ld-linux-x86-64.so.2";
    let library = "/lib/x86_64-linux-gnu/libc.so.6";
    for file in [loader, library] {
        let copy = project.file(&format!("root{file}"));
        let folder = copy.parent().expect("it is in a folder");
        fs::create_dir_all(folder).expect("a folder can be made");
        fs::copy(file, copy).expect("the C library can be copied");
    }
    fs::copy(project.file("finds"), project.file("root/finds")).expect("a file can be copied");
    let script = "./finds balanced; chroot root /finds double_free; echo ended by $?";
    let outcome = project.check(&[""; 0], &["sh", "-c", script]);
    if outcome.stdout.contains("ended by 125") {
        eprintln!("only root can change the root: {}", outcome.stderr);
        return;
    }
    let said = "/finds: libldt.so cannot be found from there";
    assert!(outcome.stderr.contains(said), "{}", outcome.stderr);
    assert!(!outcome.stderr.contains("ld.so"), "{}", outcome.stderr);
}

/// Tools are not missed, by their names; an own program of such a name was not missed either.
#[test]
fn an_own_static_program_is_listed_whatever_it_is_called() {
    let project = finds();
    for folder in ["tests", ".tools"] {
        fs::create_dir(project.file(folder)).expect("a folder can be made");
        static_program(&project, &format!("{folder}/sort"));
    }
    let command = [
        "sh",
        "-c",
        "./finds balanced; tests/sort; .tools/sort; true",
    ];
    let outcome = project.check(&["--untraced-children=error"], &command);
    assert_eq!(outcome.code(), 125, "{}", outcome.stderr);
    assert!(outcome.stderr.contains("tests/sort"), "{}", outcome.stderr);
    let tool = outcome.stderr.contains(".tools/sort");
    assert!(!tool, "{}", outcome.stderr);
}

#[test]
fn children_that_define_malloc_are_listed_as_not_checked() {
    let project = finds();
    let source = project.file("own.c");
    let own = "#include <stddef.h>\nvoid *malloc(size_t n) { (void)n; return 0; }\n\
               void free(void *p) { (void)p; }\nint main(void) { return 0; }";
    fs::write(&source, own).expect("a file can be written");
    project.gcc(&source, "own", &[]);
    let command = ["sh", "-c", "./finds balanced; ./own; true"];
    let outcome = project.check(&[""; 0], &command);
    assert_eq!(outcome.code(), 0, "{}", outcome.stderr);
    let said = "own: it defines malloc itself";
    assert!(outcome.stderr.contains(said), "{}", outcome.stderr);
    let outcome = project.check(&["--untraced-children=error"], &command);
    assert_eq!(outcome.code(), 125, "{}", outcome.stderr);
    assert!(outcome.stderr.contains(said), "{}", outcome.stderr);
}

/// Regression: a Rust program with mimalloc linked in was green, and nothing said that its blocks had not been watched.
#[test]
fn an_allocator_with_names_of_its_own_is_warned_of() {
    let project = finds();
    let source = project.file("beside.c");
    let text = "#include <stdlib.h>\nvoid *mi_malloc(size_t n) { static char all[99]; return n < 99 ? all : 0; }\n\
                int main(void) { free(malloc(3)); return !mi_malloc(5); }";
    fs::write(&source, text).expect("a file can be written");
    project.gcc(&source, "beside", &[]);
    let said = "beside brings mimalloc along";
    for command in [&["./beside"][..], &["sh", "-c", "./beside; true"]] {
        let outcome = project.check(&[""; 0], command);
        assert_eq!(outcome.code(), 0, "{}", outcome.stderr);
        assert_eq!(
            outcome.stderr.matches(said).count(),
            1,
            "{}",
            outcome.stderr
        );
    }
    let outcome = project.check(&[""; 0], &["./finds", "balanced"]);
    assert!(!outcome.stderr.contains("along"), "{}", outcome.stderr);
}

/// Regression: an emulator passes LD_PRELOAD on to the program that it emulates. LDT was in both, in one process: the
/// emulator took 6 GB for the addresses that the inner one reserved, and its file was said to have changed.
#[test]
fn an_emulator_is_checked_and_what_it_emulates_is_not() {
    let project = finds();
    let command = ["qemu-x86_64", "./finds", "leak"];
    let outcome = project.check(&["--trace-children=no"], &command);
    assert_eq!(outcome.code(), 0, "{}", outcome.stderr);
    assert!(
        outcome.stderr.contains("finds, which it emulates"),
        "{}",
        outcome.stderr
    );
    for wrong in [
        "has changed",
        "definitely lost: 1",
        "not known",
        "in 0 of 2",
    ] {
        let found = outcome.stderr.contains(wrong);
        assert!(!found, "{wrong}: {}", outcome.stderr);
    }
}

#[test]
fn a_runner_of_nothing_but_unchecked_programs_is_not_green() {
    let project = finds();
    static_program(&project, "static");
    let outcome = project.check(&[""; 0], &["sh", "-c", "./static; true"]);
    assert_eq!(outcome.code(), 125, "{}", outcome.stderr);
    let said = "no program that the command ran was checked: ./static";
    assert!(outcome.stderr.contains(said), "{}", outcome.stderr);
}
