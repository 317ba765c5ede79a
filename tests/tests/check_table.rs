//! Every combination of size of the block, width, direction and distance of the access: each is a
//! function of a generated C program, which makes one error after the other in one run. Each error
//! must be reported once, with its exact place; and the same program with every access moved into its
//! block must be silent.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use ldt_tests::checked::{Checked, Error, check, passes_through};
use ldt_tests::run::Ending;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Life {
    Live,
    Freed,
}

/// One access to one block of its own.
#[derive(Clone, Copy, Debug)]
struct Case {
    block: i64,
    /// From the block's first byte to the access's.
    offset: i64,
    width: i64,
    access: &'static str,
    life: Life,
}

const SIZES: [i64; 13] = [1, 7, 8, 16, 20, 24, 33, 40, 64, 100, 1000, 4096, 70_000];
const WIDTHS: [(i64, &str); 4] = [(1, "char"), (2, "short"), (4, "int"), (8, "long")];
const ACCESSES: [&str; 2] = ["read", "write"];

impl Case {
    fn kind(&self) -> &'static str {
        match self.life {
            Life::Freed => "heap-use-after-free",
            Life::Live if self.offset < 0 => "heap-buffer-underflow",
            Life::Live => "heap-buffer-overflow",
        }
    }

    /// Bytes after the block that its alignment to 16 leaves accessible.
    fn slack(&self) -> i64 {
        (self.block + 15) / 16 * 16 - self.block
    }

    /// Whether the access touches nothing but the block and its slack.
    fn is_in_slack(&self) -> bool {
        self.life == Life::Live
            && self.offset >= 0
            && self.offset + self.width <= self.block + self.slack()
    }
}

/// Overflows: from an access that begins inside to one a page further.
fn overflows() -> Vec<Case> {
    cases(|block, width| {
        vec![
            block - width / 2,
            block,
            block + 1,
            block + 4,
            block + 8 * width,
            block + 4096,
        ]
    })
    .into_iter()
    .filter(|case| case.offset >= 0 && case.offset + case.width > case.block)
    .collect()
}

fn underflows() -> Vec<Case> {
    cases(|_, width| vec![-width / 2, -width, -1 - width, -8 * width, -4096])
        .into_iter()
        // What goes over both ends of a block is two errors.
        .filter(|case| case.offset < 0 && case.offset + case.width <= case.block)
        .collect()
}

fn uses_after_free() -> Vec<Case> {
    let mut cases = cases(|block, width| vec![0, (block / 2).min(block - width), block - width]);
    cases.retain(|case| case.offset >= 0 && case.offset + case.width <= case.block);
    for case in &mut cases {
        case.life = Life::Freed;
    }
    cases
}

fn cases(offsets: impl Fn(i64, i64) -> Vec<i64>) -> Vec<Case> {
    let mut cases: Vec<Case> = Vec::new();
    for block in SIZES {
        for (width, _) in WIDTHS {
            let mut distances = offsets(block, width);
            distances.sort_unstable();
            distances.dedup();
            for offset in distances {
                for access in ACCESSES {
                    cases.push(Case {
                        block,
                        offset,
                        width,
                        access,
                        life: Life::Live,
                    });
                }
            }
        }
    }
    cases
}

/// The program with a function for each case; `clean`: with every access inside its live block.
fn program(cases: &[Case], clean: bool) -> String {
    let mut text = String::from("#include <stdlib.h>\n\nstatic volatile long sink;\n\n");
    let mut calls = String::new();
    for (number, case) in cases.iter().enumerate() {
        let (_, kind) = WIDTHS
            .into_iter()
            .find(|(width, _)| *width == case.width)
            .expect("a width");
        let offset = if clean { 0 } else { case.offset };
        let fits = case.width <= case.block;
        let touch = match case.access {
            _ if clean && !fits => String::new(),
            "read" => format!("sink = *(volatile {kind} *)(block + {offset});"),
            _ => format!("*(volatile {kind} *)(block + {offset}) = 1;"),
        };
        let (before, after) = match case.life {
            Life::Freed if !clean => ("free((void *)block);", ""),
            _ => ("", "free((void *)block);"),
        };
        writeln!(
            text,
            "static void case_{number}_(void) {{\n    volatile char *volatile block = malloc({});\n    {before}\n    {touch}\n    {after}\n}}\n",
            case.block
        )
        .expect("a string");
        writeln!(calls, "    case_{number}_();").expect("a string");
    }
    write!(text, "int main(void) {{\n{calls}    return 0;\n}}\n").expect("a string");
    text
}

fn build(folder: &Path, name: &str, source: &str) -> PathBuf {
    let file = folder.join(format!("{name}.c"));
    std::fs::write(&file, source).expect("a temporary folder can be written");
    let program = folder.join(name);
    let built = Command::new("gcc")
        .args(["-g", "-O0", "-w", "-fno-builtin", "-o"])
        .args([&program, &file])
        .status()
        .expect("gcc runs");
    assert!(built.success(), "gcc cannot build {}", file.display());
    program
}

/// Runs the cases; `must_be_found` says which errors are due, and whether their place is exact.
fn hold(name: &str, cases: &[Case], options: &[&str], must_be_found: impl Fn(&Case) -> bool) {
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    let silent = check(
        options,
        &build(folder.path(), "clean", &program(cases, true)),
        [""; 0],
    );
    assert_eq!(
        silent.outcome.ending,
        Ending::Code(0),
        "{name}:\n{}",
        silent.outcome.stderr
    );
    assert!(
        silent.report().errors.is_empty(),
        "{name}:\n{}",
        silent.outcome.stderr
    );

    let checked = check(
        options,
        &build(folder.path(), "faulty", &program(cases, false)),
        [""; 0],
    );
    assert_eq!(
        checked.outcome.ending,
        Ending::Code(99),
        "{name}:\n{}",
        checked.outcome.stderr
    );
    let wrong: Vec<String> = cases
        .iter()
        .enumerate()
        .filter(|(_, case)| must_be_found(case))
        .filter_map(|(number, case)| {
            Some(format!(
                "{number} {case:?}: {}",
                difference(case, number, &checked)?
            ))
        })
        .collect();
    assert!(
        wrong.is_empty(),
        "{name} with {options:?}: {} of {} wrong:\n{}",
        wrong.len(),
        cases.len(),
        wrong[..wrong.len().min(40)].join("\n")
    );
}

/// What is wrong with what was found of a case.
fn difference(case: &Case, number: usize, checked: &Checked) -> Option<String> {
    let function = format!("case_{number}_");
    let own: Vec<&Error> = checked
        .report()
        .errors
        .iter()
        .filter(|error| passes_through(error.allocated.as_ref(), &function))
        .collect();
    let [error] = own[..] else {
        return Some(format!("{} errors found: {own:?}", own.len()));
    };
    let later = matches!(error.detected_by.as_str(), "redzone" | "quarantine");
    // A redzone or a fill tells the bytes outside the block alone.
    let begins_inside = case.life == Life::Live && (0..case.block).contains(&case.offset);
    let offset = if later && begins_inside {
        case.block
    } else {
        case.offset
    };
    let right = error.kind == case.kind()
        && error.access.as_deref() == Some(case.access)
        && error
            .block
            .as_ref()
            .is_some_and(|block| block.size == case.block as u64)
        && error.offset == Some(offset)
        && (later || error.size == Some(case.width as u64));
    (!right).then(|| {
        format!(
            "found {} {:?} of {:?} at {:?} by {}",
            error.kind, error.access, error.size, error.offset, error.detected_by
        )
    })
}

#[test]
fn overflows_are_found_behind_the_block_and_its_slack() {
    hold(
        "overflow",
        &overflows(),
        &["--guard=all", "--guard-side=after"],
        |case| case.access == "write" || !case.is_in_slack(),
    );
}

#[test]
fn exact_blocks_leave_no_slack() {
    hold(
        "overflow",
        &overflows(),
        &["--guard=all", "--guard-side=after", "--exact"],
        |_| true,
    );
}

#[test]
fn underflows_are_found_before_the_block() {
    hold(
        "underflow",
        &underflows(),
        &["--guard=all", "--guard-side=before"],
        |_| true,
    );
}

#[test]
fn uses_after_free_are_found_anywhere_in_the_block() {
    for side in ["--guard-side=after", "--guard-side=before"] {
        hold(
            "use after free",
            &uses_after_free(),
            &["--guard=all", side],
            |_| true,
        );
    }
}

#[test]
fn redzones_tell_writes_near_a_block() {
    // Further off lie other blocks, or nothing at all: no redzone can tell.
    let mut over = overflows();
    over.retain(|case| case.offset + case.width <= case.block + 16);
    hold("overflow", &over, &["--guard=off"], |case| {
        case.access == "write"
    });
    // A redzone lies between two blocks: the half that is nearer to a block is put down to it.
    let mut under = underflows();
    under.retain(|case| case.offset >= -8);
    hold("underflow", &under, &["--guard=off"], |case| {
        case.access == "write"
    });
    // Large blocks give their pages back at once and keep no fill.
    let mut freed = uses_after_free();
    freed.retain(|case| case.block < 65_536);
    hold("use after free", &freed, &["--guard=off"], |case| {
        case.access == "write"
    });
}

#[test]
fn protected_pages_do_where_the_kernel_has_no_markers() {
    let method = "--guard-method=mprotect";
    hold(
        "overflow",
        &overflows(),
        &["--guard=all", "--guard-side=after", method],
        |case| case.access == "write" || !case.is_in_slack(),
    );
    hold(
        "underflow",
        &underflows(),
        &["--guard=all", "--guard-side=before", method],
        |_| true,
    );
    hold(
        "use after free",
        &uses_after_free(),
        &["--guard=all", method],
        |_| true,
    );
}
