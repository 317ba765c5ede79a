//! `ldt report` on a terminal: colours unless they are unwanted, a pager as git's, lines that fit. The
//! terminal is a real one, made by `script`.

use std::process::Command;

use ldt_tests::installed::{ldt, program};
use ldt_tests::profile::{Profiled, profile, profile_with};
use ldt_tests::run::{Ending, run};
use ldt_tests::samples::{Sample, Variant};

/// What stands on a terminal of this width after `ldt report`.
fn on_terminal(columns: u32, environment: &[(&str, &str)], options: &str) -> String {
    let profiled = profiled();
    let shell = format!(
        "stty cols {columns} rows 5000; '{}' report {options} '{}'",
        ldt().display(),
        profiled.trace().display()
    );
    let mut command = Command::new(program("script"));
    command
        .args(["--quiet", "--return", "--command", &shell, "/dev/null"])
        .env_remove("NO_COLOR")
        .env_remove("LESS")
        .env_remove("PAGER")
        .env_remove("LDT_PAGER")
        .env("TERM", "xterm-256color")
        .envs(environment.iter().copied());
    let outcome = run(&mut command);
    assert_eq!(outcome.ending, Ending::Code(0), "{outcome:?}");
    outcome.stdout.replace('\r', "")
}

/// C++ with names of some hundred letters.
fn profiled() -> Profiled {
    let program = Sample::named("programs/throws.cpp").build(Variant::PLAIN);
    profile(&program, [""; 0])
}

const NO_PAGER: (&str, &str) = ("LDT_PAGER", "cat");

#[test]
fn every_line_fits_the_terminal() {
    for columns in [80, 132] {
        let text = on_terminal(columns, &[NO_PAGER, ("NO_COLOR", "1")], "");
        assert!(text.contains("Heap over time"), "{text}");
        assert!(text.contains('█'), "no bar in:\n{text}");
        assert!(text.contains('…'), "no name was shortened in:\n{text}");
        for line in text.lines() {
            let width = line.chars().count();
            assert!(width <= columns as usize, "{width} columns: {line}");
        }
    }
}

#[test]
fn a_shortened_name_has_the_room_of_its_address() {
    let text = on_terminal(80, &[NO_PAGER, ("NO_COLOR", "1")], "");
    let shortened = |line: &&str| line.contains('…') && line.trim_start().starts_with('#');
    let mut lines = text.lines().filter(shortened).peekable();
    assert!(lines.peek().is_some(), "no name was shortened in:\n{text}");
    for line in lines {
        assert!(!line.contains("0x"), "{line}");
    }
}

#[test]
fn colours_are_for_terminals_that_want_them() {
    let colored = on_terminal(80, &[NO_PAGER], "");
    assert!(colored.contains("\x1b["), "{colored}");
    let plain = on_terminal(80, &[NO_PAGER, ("NO_COLOR", "1")], "");
    assert!(!plain.contains("\x1b["), "{plain}");
    let dumb = on_terminal(80, &[NO_PAGER, ("TERM", "dumb")], "");
    assert!(!dumb.contains("\x1b["), "{dumb}");
    let empty = on_terminal(80, &[NO_PAGER, ("NO_COLOR", "")], "");
    assert!(empty.contains("\x1b["), "an empty NO_COLOR forbids nothing");
}

#[test]
fn the_pager_is_the_one_that_is_wanted() {
    let ours = on_terminal(
        80,
        &[("PAGER", "false"), ("LDT_PAGER", "sed s/^/paged:/")],
        "",
    );
    assert!(
        ours.lines().all(|line| line.starts_with("paged:")),
        "{ours}"
    );
    let everyones = on_terminal(80, &[("PAGER", "sed s/^/paged:/")], "");
    assert!(everyones.contains("paged:"), "{everyones}");
    // The default leaves a text that fits on the screen there and ends by itself.
    let less = on_terminal(
        80,
        &[],
        "--top 1 --sort leaked --filter function=no_such_function",
    );
    assert!(less.contains("LEAKED"), "{less}");
}

#[test]
fn a_pager_that_stops_reading_or_is_missing_is_no_failure() {
    let text = on_terminal(80, &[("LDT_PAGER", "head -n 1")], "");
    assert_eq!(text.lines().count(), 1, "{text}");
    let missing = on_terminal(80, &[("LDT_PAGER", "no-such-pager 2>/dev/null")], "");
    assert!(missing.contains("Heap over time"), "{missing}");
}

#[test]
fn files_and_pipes_get_neither_pager_nor_colours_nor_shortened_names() {
    let profiled = profiled();
    let outcome = run(Command::new(ldt())
        .arg("report")
        .arg(profiled.trace())
        .env("LDT_PAGER", "sed s/^/paged:/"));
    assert!(outcome.stdout.contains(
        "std::__cxx11::basic_string<char, std::char_traits<char>, std::allocator<char> > const&"
    ));
    for unwanted in ["\x1b[", "paged:", "…"] {
        assert!(!outcome.stdout.contains(unwanted), "{}", outcome.stdout);
    }
}

/// What takes over a second says how far it is. `valgrind` makes it take as long, on whatever machine.
#[test]
fn long_work_shows_its_progress_and_short_work_nothing() {
    let make_many = "for i in range(200): kept = [str(number) for number in range(5000)]";
    let long = profile_with(&program("python3"), ["-c", make_many], |command| {
        command.env("PYTHONMALLOC", "malloc");
    });
    let short = profiled();
    let shown = |before: &str, profiled: &Profiled| {
        let shell = format!(
            "{before} '{}' report --output=/dev/null '{}'",
            ldt().display(),
            profiled.trace().display()
        );
        let mut command = Command::new(program("script"));
        command.args(["--quiet", "--return", "--command", &shell, "/dev/null"]);
        let outcome = run(command.env("TERM", "xterm-256color"));
        assert_eq!(outcome.ending, Ending::Code(0), "{outcome:?}");
        outcome.stdout
    };
    let slowed = "valgrind --quiet --tool=callgrind --callgrind-out-file=/dev/null";
    let bar = shown(slowed, &long);
    assert!(bar.contains("ldt: reading [="), "{bar}");
    // The line is cleared when the work is done.
    assert!(bar.ends_with("\r\x1b[2K"), "{bar:?}");
    assert_eq!(shown("", &short), "");
}

#[test]
fn json_is_not_paged() {
    let text = on_terminal(80, &[("LDT_PAGER", "sed s/^/paged:/")], "--format json");
    assert!(text.trim_start().starts_with('{'), "{text}");
}
