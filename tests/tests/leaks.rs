//! Every sample of `samples/check/leaks/`: the blocks and bytes of the four kinds are what its head
//! says, as a beginner compiles it and as programs are shipped, and with blocks that end to the byte; its twin
//! loses nothing; and valgrind counts the same, but for what the head says that it counts otherwise.
//!
//! | line of the head | says |
//! |---|---|
//! | `// LEAKS: KIND=BYTES/BLOCKS …` | what is lost; kinds that are not named, nothing |
//! | `// VALGRIND: KIND=BYTES/BLOCKS …` | what valgrind counts instead (kinds that are not named: 0) |
//! | `// VALGRIND: tables=N` | valgrind calls N tables of thread-local storage possibly lost, since nothing points to their start; LDT knows what does, and calls them reachable. They are of the C library's, and left out by default |

use std::collections::BTreeMap;
use std::path::Path;
use std::process::{Command, ExitCode};

use ldt_tests::checked::{Checked, Leaks, Lost, check};
use ldt_tests::run::Ending;
use ldt_tests::samples::{Sample, Variant};
use ldt_tests::valgrind;
use libtest_mimic::Arguments;

const KINDS: [&str; 4] = ["definite", "indirect", "possible", "reachable"];

/// Bytes and blocks of each kind.
type Counts = BTreeMap<&'static str, (u64, u64)>;

fn main() -> ExitCode {
    let mut trials = Vec::new();
    for sample in Sample::files_in("check/leaks") {
        if sample.directives("LEAKS").is_empty() {
            continue;
        }
        for variant in [Variant::PLAIN, Variant::SHIPPED] {
            let what = format!("loses what it says at {}", variant.name());
            trials.push(sample.trial(&what, move |sample| {
                loses_what_it_says(sample, variant, &[])
            }));
        }
        trials.push(sample.trial("loses the same to the byte", |sample| {
            loses_what_it_says(sample, Variant::PLAIN, &["--exact", "--guard=all"])
        }));
        trials.push(sample.trial("has a twin that loses nothing", has_a_clean_twin));
        trials.push(sample.trial(
            "is counted as valgrind counts",
            is_counted_as_valgrind_counts,
        ));
    }
    libtest_mimic::run(&Arguments::from_args(), trials).exit_code()
}

/// Without the difference that an allocation of libc's or a runtime's would make.
fn run_checked(program: &Path, suppressions: &str, options: &[&str]) -> Checked {
    let suppressions = format!("--default-suppressions={suppressions}");
    let mut all = vec!["--show-leak-kinds=all", &suppressions];
    all.extend(options);
    check(&all, program, [""; 0])
}

fn counts(checked: &Checked) -> Result<Counts, String> {
    let Leaks {
        definite,
        indirect,
        possible,
        reachable,
        ..
    } = checked
        .report()
        .leaks
        .clone()
        .ok_or("no leak check was made")?;
    let pair = |lost: Lost| (lost.bytes, lost.blocks);
    let all = [definite, indirect, possible, reachable].map(pair);
    Ok(KINDS.into_iter().zip(all).collect())
}

/// What a line such as `definite=20/1 indirect=48/3` says; other words are passed over.
fn claimed(lines: &[String]) -> Counts {
    let mut counts: Counts = KINDS.map(|kind| (kind, (0, 0))).into();
    for word in lines.iter().flat_map(|line| line.split_whitespace()) {
        let Some((name, count)) = word.split_once('=') else {
            continue;
        };
        let number = |text: &str| {
            text.parse()
                .unwrap_or_else(|_| panic!("`{word}` is no KIND=BYTES/BLOCKS"))
        };
        if let Some(kind) = KINDS.into_iter().find(|kind| *kind == name) {
            let (bytes, blocks) = count.split_once('/').unwrap_or((count, ""));
            counts.insert(kind, (number(bytes), number(blocks)));
        }
    }
    counts
}

fn beyond(counts: &Counts, empty: &Counts) -> Counts {
    let less = |kind: &&'static str| {
        let ((bytes, blocks), (empty_bytes, empty_blocks)) = (counts[*kind], empty[*kind]);
        (
            bytes.saturating_sub(empty_bytes),
            blocks.saturating_sub(empty_blocks),
        )
    };
    KINDS.iter().map(|kind| (*kind, less(kind))).collect()
}

fn loses_what_it_says(sample: &Sample, variant: Variant, options: &[&str]) -> Result<(), String> {
    let claims = claimed(&sample.directives("LEAKS"));
    let checked = run_checked(&sample.build(variant), "yes", options);
    let empty = sample.empty_of_same_language().build(variant);
    let empty = run_checked(&empty, "yes", options);
    let found = beyond(&counts(&checked)?, &counts(&empty)?);
    let ending = if claims["definite"].1 > 0 { 99 } else { 0 };
    let mut wrong = Vec::new();
    if found != claims {
        wrong.push(format!("claimed: {claims:?}\n  found: {found:?}"));
    }
    if checked.outcome.ending != Ending::Code(ending) {
        wrong.push(format!(
            "ldt ends by {:?}, not {ending}",
            checked.outcome.ending
        ));
    }
    verdict(&wrong, &checked)
}

fn has_a_clean_twin(sample: &Sample) -> Result<(), String> {
    let checked = run_checked(&sample.build_clean(Variant::PLAIN), "yes", &[]);
    let empty = sample.empty_of_same_language().build(Variant::PLAIN);
    let empty = run_checked(&empty, "yes", &[]);
    let found = beyond(&counts(&checked)?, &counts(&empty)?);
    let mut wrong = Vec::new();
    // What of the pool's memory is not given back is the program's business, not the sample's.
    if found.values().any(|count| *count != (0, 0)) {
        wrong.push(format!("found: {found:?}"));
    }
    if checked.outcome.ending != Ending::Code(0) {
        wrong.push(format!("ldt ends by {:?}", checked.outcome.ending));
    }
    verdict(&wrong, &checked)
}

fn is_counted_as_valgrind_counts(sample: &Sample) -> Result<(), String> {
    let program = sample.build(Variant::PLAIN);
    let checked = run_checked(&program, "no", &[]);
    let found = counts(&checked)?;
    let mut valgrind = valgrinds(&program)?;
    let lines = sample.directives("VALGRIND");
    let tables: Option<u64> = lines
        .iter()
        .find_map(|line| line.strip_prefix("tables=")?.parse().ok());
    if let Some(tables) = tables {
        let (possible, reachable) = (valgrind["possible"], found["reachable"]);
        if valgrind["possible"].1 != tables {
            return Err(format!("{tables} tables are claimed, found: {possible:?}"));
        }
        // A table has 16 bytes for each library with such storage, as LDT's is one.
        let bytes = reachable.0.saturating_sub(valgrind["reachable"].0);
        if bytes < possible.0 || bytes > possible.0 + tables * 64 {
            return Err(format!("the tables have {bytes} bytes, not {possible:?}"));
        }
        let blocks = valgrind["reachable"].1 + tables;
        valgrind.insert("possible", (0, 0));
        valgrind.insert("reachable", (reachable.0, blocks));
    } else if !lines.is_empty() {
        let said = claimed(&lines);
        if said != valgrind {
            return Err(format!(
                "claimed of valgrind: {said:?}\n            found: {valgrind:?}"
            ));
        }
        return Ok(());
    }
    let mut wrong = Vec::new();
    if found != valgrind {
        wrong.push(format!("valgrind: {valgrind:?}\n     LDT: {found:?}"));
    }
    verdict(&wrong, &checked)
}

fn valgrinds(program: &Path) -> Result<Counts, String> {
    let logs = valgrind::leak_logs(program, |_: &mut Command| {});
    let names = [
        "definitely lost: ",
        "indirectly lost: ",
        "possibly lost: ",
        "still reachable: ",
    ];
    let mut sums: Counts = KINDS.map(|kind| (kind, (0, 0))).into();
    for (kind, name) in KINDS.into_iter().zip(names) {
        for line in logs.iter().flat_map(|log| log.lines()) {
            let Some((_, rest)) = line.split_once(name) else {
                continue;
            };
            let numbers: Vec<u64> = rest
                .replace(',', "")
                .split_whitespace()
                .filter_map(|word| word.parse().ok())
                .collect();
            let &[bytes, blocks] = &numbers[..] else {
                return Err(format!("valgrind says: {line}"));
            };
            let sum = sums.entry(kind).or_default();
            *sum = (sum.0 + bytes, sum.1 + blocks);
        }
    }
    Ok(sums)
}

fn verdict(wrong: &[String], checked: &Checked) -> Result<(), String> {
    if wrong.is_empty() {
        return Ok(());
    }
    Err(format!(
        "{}\nldt said:\n{}",
        wrong.join("\n"),
        checked.outcome.stderr
    ))
}
