//! What `ldt check` knows already and lets pass: suppressions, those of its own, and baselines.

use std::fs;
use std::process::Command;

use ldt_tests::gate::{FINDS, finds};
use ldt_tests::installed::ldt;

#[test]
fn the_handle_of_rusts_main_thread_is_no_possible_leak() {
    let project = finds();
    let text = "fn main() { println!(\"{:?}\", std::thread::current().id()); }";
    fs::write(project.file("current.rs"), text).expect("a file can be written");
    project.must_run(Command::new("rustc").args(["-g", "current.rs"]));
    let kinds = "--errors-for-leak-kinds=definite,possible";
    let outcome = project.check(&[kinds], &["./current"]);
    assert_eq!(outcome.code(), 0, "{}", outcome.stderr);
    let outcome = project.check(&[kinds, "--default-suppressions=no"], &["./current"]);
    assert_eq!(outcome.code(), 99, "{}", outcome.stderr);
}

#[test]
fn the_buffer_of_standard_output_is_left_out_with_and_without_libcs_symbols() {
    let project = finds();
    let source = project.file("prints.c");
    let text = "#include <stdio.h>\nint main(void) { return puts(\"printed\") < 0; }";
    fs::write(&source, text).expect("a file can be written");
    project.gcc(&source, "prints", &["-g"]);
    // With the symbols, the function that allocates it has another name, __GI__IO_file_doallocate.
    let options = ["--show-leak-kinds=all", "--errors-for-leak-kinds=all"];
    let outcome = project.check(&options, &["./prints"]);
    assert_eq!(outcome.code(), 0, "{}", outcome.stderr);
}

#[test]
fn what_nobody_will_see_is_judged_as_what_is_shown() {
    let project = finds();
    let source = project.file("keeps.c");
    let text = "#include <stdio.h>\n#include <stdlib.h>\nchar *kept;\nint main(void) {\n\
                    setenv(\"KEPT\", \"1\", 1);\n    kept = malloc(100);\n    return puts(\"printed\") < 0; }";
    fs::write(&source, text).expect("a file can be written");
    project.gcc(&source, "keeps", &["-g"]);
    let amounts = |option: &str| {
        let outcome = project.check(&["--json=run.json", option], &["./keeps"]);
        assert_eq!(outcome.code(), 0, "{}", outcome.stderr);
        let leaks = &project.json("run.json")["leaks"];
        ["possible", "reachable", "suppressed"].map(|kind| leaks[kind].clone())
    };
    // Named by the symbol table alone, and in full since a suppression or a reader may look at lines.
    let unseen = amounts("--leak-check=full");
    assert!(unseen[1]["bytes"].as_u64() >= Some(100), "{unseen:?}");
    assert!(unseen[2]["blocks"].as_u64() >= Some(2), "{unseen:?}");
    fs::write(
        project.file("none.supp"),
        "{\n   a\n   Memcheck:Leak\n   fun:a\n}\n",
    )
    .expect("a file can be written");
    assert_eq!(amounts("--suppressions=none.supp"), unseen);
    assert_eq!(amounts("--show-leak-kinds=all"), unseen);
}

#[test]
fn what_setenv_keeps_is_no_possible_leak() {
    let project = finds();
    let source = project.file("environment.c");
    // As pytest does for each test: values of one variable that are all different.
    let text = "#include <stdio.h>\n#include <stdlib.h>\nint main(void) {\n  char text[64];\n\
                for (int i = 0; i < 20; i++) {\n    snprintf(text, sizeof text, \"test_%d.py\", i);\n\
                setenv(\"CURRENT_TEST\", text, 1);\n  }\n  return 0;\n}";
    fs::write(&source, text).expect("a file can be written");
    project.gcc(&source, "environment", &["-g"]);
    let kinds = "--errors-for-leak-kinds=definite,possible";
    let outcome = project.check(&[kinds], &["./environment"]);
    assert_eq!(outcome.code(), 0, "{}", outcome.stderr);
}

#[test]
fn a_suppression_of_either_format_is_used_and_counted() {
    let project = finds();
    let valgrind = "{\n  the known one\n  Memcheck:Leak\n  fun:malloc\n  fun:lose_one\n}\n\
                    {\n  never seen\n  Memcheck:Leak\n  fun:nobody\n}\n";
    fs::write(project.file("v.supp"), valgrind).expect("a file can be written");
    fs::write(
        project.file("l.supp"),
        "# known\nleak:lose_one\nleak:nobody\n",
    )
    .expect("a file can be written");
    for (file, used, unused) in [
        ("v.supp", "the known one", "never seen"),
        ("l.supp", "leak:lose_one", "leak:nobody"),
    ] {
        let option = format!("--suppressions={file}");
        let outcome = project.check(&[&option], &[FINDS, "leak"]);
        assert_eq!(outcome.code(), 0, "{}", outcome.stderr);
        let says = |what: &str, name: &str| {
            let mut lines = outcome.stderr.lines();
            lines.any(|line| line.contains(what) && line.contains(name))
        };
        assert!(says("used suppression: 1", used), "{}", outcome.stderr);
        assert!(says("never used", unused), "{}", outcome.stderr);
        assert!(outcome.stderr.contains("suppressed: 20 bytes in 1 blocks"));
        // Another leak is still one.
        let outcome = project.check(&[&option], &[FINDS, "leak", "list"]);
        assert_eq!(outcome.code(), 99, "{}", outcome.stderr);
    }
}

#[test]
fn what_gen_suppressions_prints_suppresses() {
    let project = finds();
    let outcome = project.check(&["--gen-suppressions=all"], &[FINDS, "twice", "list"]);
    assert_eq!(outcome.code(), 99);
    let own = |line: &&str| !line.starts_with("==");
    let entries: Vec<&str> = outcome.stderr.lines().filter(own).collect();
    assert_eq!(
        entries.iter().filter(|line| **line == "{").count(),
        2,
        "{entries:?}"
    );
    fs::write(project.file("made.supp"), entries.join("\n")).expect("a file can be written");
    let outcome = project.check(&["--suppressions=made.supp"], &[FINDS, "twice", "list"]);
    assert_eq!(outcome.code(), 0, "{}", outcome.stderr);
    assert!(
        outcome
            .stderr
            .contains("0 errors from 0 contexts (suppressed: 2 from 2)")
    );
}

#[test]
fn only_what_is_not_in_the_baseline_fails() {
    let project = finds();
    let baseline = |arguments: &[&str]| {
        let mut command = Command::new(ldt());
        project.must_run(command.arg("baseline").args(arguments))
    };
    baseline(&["known.txt"]);
    let option = ["--baseline=known.txt", "--json=run.json"];
    let words = [FINDS, "leak", "twice"];
    assert_eq!(project.check(&option, &words).code(), 99);
    let said = baseline(&["known.txt", "run.json"]).stderr;
    assert!(said.contains("2 findings, 2 of them new"), "{said}");
    let text = project.read("known.txt");
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(
        lines,
        [
            "# ldt baseline 1",
            "definite\tmalloc < lose_one finds.c < main finds.c",
            "double-free\tfree < free_twice finds.c < main finds.c",
        ]
    );
    let outcome = project.check(&option, &words);
    assert_eq!(outcome.code(), 0, "{}", outcome.stderr);
    assert!(
        outcome.stderr.contains("in the baseline: 2"),
        "{}",
        outcome.stderr
    );
    // A rebuild with other lines and addresses is the same to it.
    let source = project.file("later.c");
    let moved = format!(
        "\n\n\n{}",
        fs::read_to_string(ldt_tests::installed::checkout().join("tests/gate/finds.c"))
            .expect("it can be read")
    );
    fs::write(
        &source,
        moved.replace(
            "#include <signal.h>",
            "#line 40 \"finds.c\"\n#include <signal.h>",
        ),
    )
    .expect("a file can be written");
    project.gcc(&source, "finds", &["-g", "-O0", "-fno-builtin"]);
    assert_eq!(project.check(&option, &words).code(), 0);
    assert_eq!(project.check(&option, &[FINDS, "list"]).code(), 99);
    // Without a run nothing is known to be gone.
    let mut prune = Command::new(ldt());
    let outcome = project.run(prune.args(["baseline", "--prune", "known.txt"]));
    assert_eq!(outcome.code(), 125, "{outcome:?}");
    assert_eq!(project.read("known.txt"), text);
    // What is gone is forgotten when asked.
    assert_eq!(project.check(&["--json=clean.json"], &[FINDS]).code(), 0);
    baseline(&["--prune", "known.txt", "clean.json"]);
    assert_eq!(project.read("known.txt"), "# ldt baseline 1\n");
}

/// The file was emptied first, and stayed so where there was no room for the new text.
#[test]
fn a_baseline_that_cannot_be_written_stays_as_it_was() {
    let project = finds();
    let json = ["--json=run.json"];
    assert_eq!(project.check(&json, &[FINDS, "twice"]).code(), 99);
    let written = |limit: &str| {
        let script =
            format!("trap '' XFSZ; ulimit -f {limit}; exec \"$0\" baseline known.txt run.json");
        let mut shell = Command::new("sh");
        project.run(shell.arg("-c").arg(script).arg(ldt())).code()
    };
    assert_eq!(written("0"), 125);
    assert!(!project.file("known.txt").exists());
    assert_eq!(written("unlimited"), 0);
    let text = project.read("known.txt");
    assert_eq!(project.check(&json, &[FINDS, "leak"]).code(), 99);
    assert_eq!(written("0"), 125);
    assert_eq!(project.read("known.txt"), text);
}

/// Nobody asked for LDT's own suppressions, and a clean run says nothing of them.
#[test]
fn what_ldt_suppresses_by_itself_is_only_in_the_sums() {
    let project = finds();
    let outcome = project.check(&["--json=run.json"], &[FINDS, "say"]);
    assert_eq!(outcome.code(), 0, "{}", outcome.stderr);
    assert!(
        !outcome.stderr.contains("used suppression"),
        "{}",
        outcome.stderr
    );
    let suppressed = &project.json("run.json")["leaks"]["suppressed"]["blocks"];
    assert_eq!(suppressed, 1, "the buffer of standard output");
}
