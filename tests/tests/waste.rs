//! Where memory is wasted, against what the allocator itself says of the same program.

use ldt_tests::profile::{Profiled, profile};
use ldt_tests::report::Report;
use ldt_tests::samples::{Sample, Variant};
use serde_json::Value;

/// A sample under LDT, with the number that it printed.
struct Wasteful {
    profiled: Profiled,
    printed: u64,
    waste: Value,
}

impl Wasteful {
    fn new(sample: &str) -> Wasteful {
        let profiled = profile(&Sample::named(sample).build(Variant::PLAIN), [""; 0]);
        let printed = profiled.outcome.stdout.trim().parse().expect("a number");
        let json = profiled.printed_report(&["--format", "json"]);
        let mut json: Value = serde_json::from_str(&json).expect("it is JSON");
        Wasteful {
            profiled,
            printed,
            waste: json["waste"].take(),
        }
    }

    /// The finding of this kind in this function.
    fn finding(&self, kind: &str, function: &str) -> &Value {
        let sites = Report::of(&self.profiled.trace()).sites;
        let findings = self.waste["findings"].as_array().expect("findings");
        let found = findings.iter().find(|finding| {
            let site = finding["site"].as_u64().expect("the place of a site");
            finding["kind"] == kind && sites[site as usize].has(function)
        });
        found.unwrap_or_else(|| panic!("no {kind} in {function}: {:#}", self.waste))
    }
}

#[test]
fn slack_is_what_malloc_usable_size_says() {
    let wasteful = Wasteful::new("waste/slack.c");
    let slack = wasteful.finding("slack", "small");
    assert_eq!(slack["saves_bytes"], wasteful.printed - 5000 * 25);
    let sentence = slack["sentence"].as_str().expect("a sentence");
    assert!(sentence.contains("5,000 blocks of 25 B"), "{sentence}");
    let alignment = wasteful.finding("alignment", "pages");
    // Each takes a chunk of 112 of its page.
    assert_eq!(alignment["saves_bytes"], 50 * (4096 - 112));
}

#[test]
fn what_is_held_is_what_the_allocator_says_it_holds() {
    let wasteful = Wasteful::new("waste/fragmented.c");
    let worst = &wasteful.waste["worst"];
    let held = worst["held_bytes"].as_u64().expect("a number");
    // glibc also holds up to 128 KiB and a page above the highest block, to grow into.
    assert!(held <= wasteful.printed, "{worst} of {}", wasteful.printed);
    let top = (128 << 10) + 2 * 4096;
    assert!(
        held + top >= wasteful.printed,
        "{worst} of {}",
        wasteful.printed
    );
    // Nearly all of it serves nothing: 400 blocks of 40 bytes are left in 12 MB.
    let free = worst["free_bytes"].as_u64().expect("a number");
    assert!(free * 10 > held * 9, "{worst}");
    let finding = wasteful.finding("fragmentation", "long_lived");
    assert!(
        finding["saves_bytes"].as_u64() > Some(400 * 3500),
        "{finding}"
    );
    let moments = wasteful.waste["moments"].as_array().expect("moments");
    let times: Vec<_> = moments.iter().map(|at| at["time_ns"].as_u64()).collect();
    assert!(times.is_sorted() && times.len() > 1, "{times:?}");
}

#[test]
fn the_text_says_it_in_sentences() {
    let wasteful = Wasteful::new("waste/slack.c");
    let text = wasteful.profiled.printed_report(&[]);
    let (_, waste) = text.split_once("\nWASTE").expect("the section");
    for words in [
        "Slack",
        "Alignment",
        "Fragmentation",
        "held 40 B",
        "would save",
        "#0 malloc",
    ] {
        assert!(waste.contains(words), "no `{words}` in:\n{waste}");
    }
}

#[test]
fn of_another_allocator_no_slack_is_made_up() {
    let program = Sample::named("allocators/jemalloc.c").build(Variant::PLAIN);
    let json = profile(&program, [""; 0]).printed_report(&["--format", "json"]);
    let json: Value = serde_json::from_str(&json).expect("it is JSON");
    assert_eq!(json["waste"]["allocator"], "jemalloc");
    assert_eq!(json["waste"]["peak_slack_bytes"], Value::Null);
}
