//! `ldt chart`, `ldt flamegraph` and the pictures of `ldt diff`: what they show is what `ldt report` says.

use std::fs;
use std::path::Path;
use std::process::Command;

use ldt_tests::browser::{Browser, Screen};
use ldt_tests::installed::ldt;
use ldt_tests::profile::{Profiled, profile};
use ldt_tests::report::Site;
use ldt_tests::run::{Ending, Outcome, run};
use ldt_tests::samples::{Sample, Variant};
use serde_json::{Value, json};
use tempfile::TempDir;

const KINDS: [&str; 6] = ["timeline", "rate", "sizes", "lifetimes", "threads", "ages"];

/// A trace, and a folder for its pictures.
struct Gallery {
    profiled: Profiled,
    folder: TempDir,
}

impl Gallery {
    fn of(sample: &str) -> Gallery {
        let program = Sample::named(sample).build(Variant::SHIPPED);
        Gallery {
            profiled: profile(&program, [""; 0]),
            folder: tempfile::tempdir().expect("a temporary folder can be made"),
        }
    }

    fn draw(&self, command: &str, options: &[&str], file: &str) -> Outcome {
        run(Command::new(ldt())
            .arg(command)
            .args(options)
            .arg("-o")
            .arg(self.folder.path().join(file))
            .arg(self.profiled.trace()))
    }

    /// The bytes of a picture.
    fn picture(&self, command: &str, options: &[&str], file: &str) -> Vec<u8> {
        let outcome = self.draw(command, options, file);
        assert_eq!(outcome.ending, Ending::Code(0), "{outcome:?}");
        fs::read(self.folder.path().join(file)).expect("the picture was written")
    }

    fn svg(&self, command: &str, options: &[&str]) -> String {
        String::from_utf8(self.picture(command, options, "picture.svg")).expect("an SVG is UTF-8")
    }

    /// The words of a chart.
    fn words(&self, kind: &str) -> Vec<String> {
        words(&self.svg("chart", &["--kind", kind]))
    }

    fn flames(&self, options: &[&str]) -> Flames {
        Flames::read(&self.svg("flamegraph", options))
    }
}

fn words(svg: &str) -> Vec<String> {
    let texts = svg.split("<text").skip(1);
    let inner = texts.filter_map(|text| text.split_once('>')?.1.split_once("</text>"));
    inner
        .map(|(words, _)| {
            words
                .trim()
                .replace("&lt;", "<")
                .replace("&gt;", ">")
                .replace("&amp;", "&")
        })
        .collect()
}

/// Every box of a flame graph, from the figures that the file has for its script.
struct Flames {
    names: Vec<String>,
    /// Level, name, and what follows: the width, and in a difference before and after.
    boxes: Vec<(usize, usize, Vec<u64>)>,
}

impl Flames {
    fn read(svg: &str) -> Flames {
        let list = |key: &str| -> Value {
            let (_, rest) = svg
                .split_once(&format!("{key}: ["))
                .expect("the script has its figures");
            let (list, _) = rest.split_once(",]").expect("a list ends");
            serde_json::from_str(&format!("[{list}]")).expect("the figures are JSON")
        };
        let names = serde_json::from_value(list("\nnames")).expect("names are text");
        let figures: Vec<u64> = serde_json::from_value(list("\nboxes")).expect("figures are whole");
        let step = if svg.contains("compares: true") { 5 } else { 3 };
        let one = |figures: &[u64]| {
            (
                figures[0] as usize,
                figures[1] as usize,
                figures[2..].to_vec(),
            )
        };
        Flames {
            names,
            boxes: figures.chunks_exact(step).map(one).collect(),
        }
    }

    fn total(&self) -> u64 {
        self.boxes[0].2[0]
    }

    /// The figures of the boxes on a level that have this name.
    fn on_level(&self, level: usize) -> Vec<(&str, u64)> {
        let boxes = self.boxes.iter().filter(|one| one.0 == level);
        boxes
            .map(|one| (self.names[one.1].as_str(), one.2[0]))
            .collect()
    }
}

#[test]
fn every_chart_is_a_picture_of_its_kind_in_every_form() {
    let gallery = Gallery::of("programs/throws.cpp");
    for kind in KINDS {
        for theme in ["light", "dark"] {
            let options = ["--kind", kind, "--theme", theme];
            let png = gallery.picture("chart", &options, "picture.png");
            assert!(png.starts_with(b"\x89PNG\r\n\x1a\n"), "{kind} is no PNG");
            assert_eq!(width_and_height(&png), (2_400, 1_200), "{kind}");
            let svg = gallery.svg("chart", &options);
            assert!(
                svg.starts_with("<svg") && svg.trim_end().ends_with("</svg>"),
                "{kind} is no SVG"
            );
            let background = if theme == "dark" {
                "#16181D"
            } else {
                "#FFFFFF"
            };
            assert!(svg.contains(background), "{kind} is not {theme}");
            let words = words(&svg);
            assert!(
                words.iter().any(|words| words.contains("throws")),
                "{kind} has no title: {words:?}"
            );
            assert!(
                !words.iter().any(|words| words.contains("Nothing was")),
                "{kind} is empty"
            );
        }
    }
}

#[test]
fn pictures_are_of_the_size_that_was_asked_for() {
    let gallery = Gallery::of("functions/temporary.c");
    let options = ["--kind", "timeline", "--size", "640x320", "--scale", "3"];
    let png = gallery.picture("chart", &options, "picture.png");
    assert_eq!(width_and_height(&png), (1_920, 960));
    let svg = gallery.svg("flamegraph", &["--size", "640x320"]);
    assert!(svg.starts_with("<svg width=\"640\""), "{}", &svg[..80]);
}

fn width_and_height(png: &[u8]) -> (u32, u32) {
    let number = |at: usize| u32::from_be_bytes([png[at], png[at + 1], png[at + 2], png[at + 3]]);
    (number(16), number(20))
}

#[test]
fn charts_say_the_figures_of_the_report() {
    let gallery = Gallery::of("programs/throws.cpp");
    let report = gallery.profiled.report();
    let (totals, heap) = (report.totals, report.heap);
    let says = |kind: &str, start: &str| {
        let words = gallery.words(kind);
        let said = words.iter().any(|words| words.starts_with(start));
        assert!(said, "{kind} does not say {start:?}: {words:?}");
    };
    says("timeline", "peak ");
    says(
        "rate",
        &format!("{} allocations, at most ", grouped(totals.allocations)),
    );
    says(
        "rate",
        &format!("{} frees, at most ", grouped(totals.frees)),
    );
    says(
        "sizes",
        &format!("allocations: {}", grouped(totals.allocations)),
    );
    says("sizes", "bytes requested: ");
    says("sizes", "unused in their blocks: ");
    says(
        "lifetimes",
        &format!("blocks freed: {}", grouped(totals.frees)),
    );
    says(
        "lifetimes",
        &format!("never freed, not in the bars: {}", grouped(heap.end_blocks)),
    );
    says(
        "ages",
        &format!("blocks live at the peak: {}", grouped(heap.peak_blocks)),
    );
}

fn grouped(count: u64) -> String {
    let digits = count.to_string();
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[test]
fn threads_stand_beside_each_other_by_name() {
    let words = Gallery::of("threads/named_threads.c").words("threads");
    // Their numbers are in the order in which they came to LDT, which is not that of their creation.
    let mut names: Vec<&str> = words.iter().filter_map(|words| of_thread(words)).collect();
    names.sort_unstable();
    assert_eq!(names, ["alpha", "beta", "named_threads_c"], "{words:?}");
}

/// The name in `T12 name`.
fn of_thread(words: &str) -> Option<&str> {
    let (number, name) = words.strip_prefix('T')?.split_once(' ')?;
    number
        .bytes()
        .all(|digit| digit.is_ascii_digit())
        .then_some(name)
}

#[test]
fn a_timeline_is_stacked_by_the_call_stacks_that_hold_most() {
    let gallery = Gallery::of("stacks/call_chain.c");
    let words = gallery.words("timeline");
    assert!(
        words.iter().any(|words| words == "live heap, of which:"),
        "{words:?}"
    );
    let report = gallery.profiled.report();
    let top = report
        .sites
        .iter()
        .max_by_key(|site| site.peak_bytes)
        .expect("it allocates");
    let function = top.stack[1].function.as_deref().expect("it has symbols");
    let names_it = |words: &String| words.split(" ← ").next() == Some(function);
    assert!(words.iter().any(names_it), "no {function}: {words:?}");
}

#[test]
fn a_timeline_of_check_mode_marks_errors_and_leak_checks() {
    let program = Sample::named("check/errors/double_free.c").build(Variant::PLAIN);
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    let (trace, chart) = (folder.path().join("trace"), folder.path().join("chart.svg"));
    let outcome = run(Command::new(ldt())
        .args(["check", "--profile", "-o"])
        .arg(&trace)
        .arg("--")
        .arg(program));
    assert_eq!(outcome.ending, Ending::Code(99), "{outcome:?}");
    let outcome = run(Command::new(ldt())
        .args(["chart", "--kind", "timeline", "-o"])
        .arg(&chart)
        .arg(&trace));
    assert_eq!(outcome.ending, Ending::Code(0), "{outcome:?}");
    let words = words(&fs::read_to_string(&chart).expect("the picture was written"));
    for moment in ["double-free", "leak check"] {
        assert!(
            words.iter().any(|words| words == moment),
            "no {moment}: {words:?}"
        );
    }
}

#[test]
fn flame_graphs_add_up_to_the_report_for_every_cost() {
    let gallery = Gallery::of("programs/throws.cpp");
    let report = gallery.profiled.report();
    type Figure = fn(&Site) -> u64;
    let costs: [(&str, Figure); 5] = [
        ("peak", |site| site.peak_bytes),
        ("leaked", |site| site.leaked_bytes),
        ("allocations", |site| site.allocations),
        ("temporary", |site| site.temporary),
        ("bytes", |site| site.bytes),
    ];
    for (cost, figure) in costs {
        let flames = gallery.flames(&["--cost", cost]);
        let expected: u64 = report.sites.iter().map(figure).sum();
        assert_eq!(flames.total(), expected, "{cost}");
        let below: u64 = flames.on_level(1).iter().map(|(_, weight)| weight).sum();
        assert_eq!(below, expected, "{cost}: every stack begins at the root");
    }
}

#[test]
fn an_inverted_graph_begins_with_what_was_called() {
    let gallery = Gallery::of("functions/temporary.c");
    let outermost = gallery.flames(&["--cost", "allocations"]);
    let innermost = gallery.flames(&["--cost", "allocations", "--inverted"]);
    assert_eq!(outermost.total(), innermost.total());
    assert_eq!(innermost.on_level(1), [("malloc", outermost.total())]);
    assert_eq!(innermost.on_level(2)[0], ("main", outermost.total()));
}

#[test]
fn a_graph_of_nothing_says_so() {
    let gallery = Gallery::of("functions/temporary.c");
    let svg = gallery.svg("flamegraph", &["--filter", "function=no_such_function"]);
    assert!(
        words(&svg)
            .iter()
            .any(|words| words.starts_with("Nothing to show")),
        "{svg}"
    );
}

#[test]
fn a_diff_draws_what_grew_and_what_shrank() {
    let before = Gallery::of("functions/temporary.c");
    let after = Gallery::of("functions/late_frees.c");
    let (chart, flames) = (
        after.folder.path().join("chart.svg"),
        after.folder.path().join("flames.svg"),
    );
    let outcome = run(Command::new(ldt())
        .args(["diff", "--sort", "bytes", "--chart"])
        .arg(&chart)
        .arg("--flamegraph")
        .arg(&flames)
        .args([before.profiled.trace(), after.profiled.trace()]));
    assert_eq!(outcome.ending, Ending::Code(0), "{outcome:?}");
    let read = |path: &Path| fs::read_to_string(path).expect("the picture was written");
    let totals = [&before, &after].map(|gallery| gallery.profiled.report().totals.bytes);
    let graph = Flames::read(&read(&flames));
    assert_eq!(graph.boxes[0].2[1..], totals);
    let words = words(&read(&chart));
    assert!(
        words.iter().any(|words| words.contains(" in all: from ")),
        "{words:?}"
    );
    assert!(words.iter().any(|words| words == "before"), "{words:?}");
}

#[test]
fn a_flame_graph_works_in_a_browser() {
    let gallery = Gallery::of("programs/throws.cpp");
    let svg = gallery.svg("flamegraph", &["--cost", "allocations"]);
    let flames = Flames::read(&svg);
    let path = gallery.folder.path().join("picture.svg");
    let mut browser = Browser::open(&path, Screen::DESK);
    let shown = |browser: &mut Browser| {
        let count = browser.ask("document.querySelectorAll('#boxes [data-number]').length");
        count.as_u64().expect("a count")
    };
    let all = shown(&mut browser);

    // Hover tells a box's cost.
    let place = browser.ask(
        "(() => { const r = document.querySelector('[data-number=\"1\"] rect').getBoundingClientRect(); \
         return [r.x + r.width / 2, r.y + r.height / 2]; })()",
    );
    let place = [0, 1].map(|axis| place[axis].as_f64().expect("a place"));
    browser.mouse("mouseMoved", place);
    let details = browser.ask("document.querySelector('#details').textContent");
    let first = flames.on_level(1)[0];
    let expected = format!("{}: {} allocations, ", first.0, grouped(first.1));
    let details = details.as_str().expect("a text");
    assert!(details.starts_with(&expected), "{details} {expected}");

    // A click zooms: the box is as wide as the graph, and what is not below it is gone.
    let narrow = flames
        .boxes
        .iter()
        .position(|one| one.0 > 3 && one.2[0] * 2 < flames.total());
    let narrow = narrow.expect("some box is narrow");
    browser.click(&format!("[data-number=\"{narrow}\"] rect"));
    let width = |browser: &mut Browser, number: usize| {
        let selector = json!(format!("[data-number=\"{number}\"] rect"));
        let width = browser.ask(&format!(
            "Number(document.querySelector({selector}).getAttribute('width'))"
        ));
        width.as_f64().expect("a width")
    };
    assert!((width(&mut browser, narrow) - 1_167.0).abs() < 0.1);
    assert!(shown(&mut browser) < all);

    // Escape resets.
    browser.key("Escape");
    assert_eq!(shown(&mut browser), all);

    // A search marks what it finds and says its share: all of it goes through main.
    browser.key("/");
    browser.type_text("MAIN");
    let share = browser.ask("document.querySelector('#share').textContent");
    let of_main: u64 = flames
        .boxes
        .iter()
        .filter(|one| one.0 > 0 && flames.names[one.1] == "main")
        .map(|one| one.2[0])
        .sum();
    let share = share
        .as_str()
        .expect("a text")
        .trim_end_matches("% matched")
        .parse::<f64>();
    let least = of_main as f64 * 100.0 / flames.total() as f64;
    assert!(share.is_ok_and(|share| share >= least - 0.06), "{least}");
    let marked = browser.ask("document.querySelectorAll('#boxes .matched').length");
    assert!(marked.as_u64().is_some_and(|marked| marked > 0));

    // By keyboard: out of the field, down to the first frame, and into it.
    browser.key("Enter");
    for key in ["ArrowDown", "ArrowDown", "ArrowDown", "Enter"] {
        browser.key(key);
    }
    let address = browser.ask("location.hash");
    assert_eq!(address, json!("#zoom=2&search=MAIN"));

    assert_eq!(browser.complaints(), Vec::<String>::new());
    assert_eq!(browser.requests().len(), 1, "{:?}", browser.requests());
}

#[test]
fn what_cannot_be_drawn_is_said() {
    let gallery = Gallery::of("functions/temporary.c");
    for (command, options, file, said) in [
        (
            "chart",
            &["--kind", "timeline"][..],
            "chart.gif",
            ".png and .svg are accepted",
        ),
        ("chart", &["--kind", "pie"][..], "x.png", "lifetimes"),
        (
            "chart",
            &["--kind", "sizes", "--size", "5x5"][..],
            "x.png",
            "200x120",
        ),
        (
            "flamegraph",
            &["--cost", "weight"][..],
            "x.svg",
            "temporary",
        ),
        (
            "flamegraph",
            &[][..],
            "no/such/folder/x.svg",
            "cannot be written",
        ),
    ] {
        let outcome = gallery.draw(command, options, file);
        assert_eq!(outcome.ending, Ending::Code(125), "{outcome:?}");
        assert!(outcome.stderr.starts_with("ldt: "), "{outcome:?}");
        assert!(outcome.stderr.contains(said), "{outcome:?}");
    }
}
