//! `ldt html`: the page in a real browser, pointed at, dragged on, searched and typed into.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use ldt_tests::browser::{Browser, Screen};
use ldt_tests::installed::ldt;
use ldt_tests::profile::{Profiled, profile};
use ldt_tests::report::Report;
use ldt_tests::run::{Ending, run};
use ldt_tests::samples::{Sample, Variant};
use serde_json::Value;

/// A page, with the trace that it was made of.
struct Page {
    profiled: Profiled,
    folder: tempfile::TempDir,
}

impl Page {
    fn of(sample: &str) -> Page {
        let program = Sample::named(sample).build(Variant::PLAIN);
        Page::of_run(profile(&program, [""; 0]))
    }

    fn of_run(profiled: Profiled) -> Page {
        let folder = tempfile::tempdir().expect("a temporary folder can be made");
        let page = Page { profiled, folder };
        let made = run(Command::new(ldt())
            .args(["html", "-o"])
            .arg(page.path())
            .arg(page.profiled.trace()));
        assert_eq!(made.ending, Ending::Code(0), "{made:?}");
        page
    }

    fn path(&self) -> PathBuf {
        self.folder.path().join("page.html")
    }

    fn open(&self, screen: Screen) -> Browser {
        Browser::open(&self.path(), screen)
    }

    /// When the first and the last stretch of the run begin in which anything is allocated.
    fn time_of_allocations(&self) -> [u64; 2] {
        let outcome = run(Command::new(ldt())
            .args(["report", "--format", "json"])
            .arg(self.profiled.trace()));
        let report: Value = serde_json::from_str(&outcome.stdout).expect("it is a report");
        let moments = report["timeline"].as_array().expect("it has a timeline");
        let mut busy = moments.iter().filter(|moment| moment["allocations"] != 0);
        let first = busy.next().expect("it allocates");
        let last = busy.next_back().expect("it allocates more than once");
        [first, last].map(|moment| moment["time_ns"].as_u64().unwrap_or_default())
    }

    /// The report of a span of the same trace.
    fn report_of(&self, from_ns: f64, to_ns: f64) -> Report {
        let outcome = run(Command::new(ldt())
            .args(["report", "--format", "json"])
            .args([
                "--from",
                &format!("{from_ns:.0}ns"),
                "--to",
                &format!("{to_ns:.0}ns"),
            ])
            .arg(self.profiled.trace()));
        serde_json::from_str(&outcome.stdout).expect("it is a report")
    }
}

/// Where a part of the run is in the width of the timeline, whose plot has margins.
fn on_timeline(browser: &mut Browser, part: f64) -> f64 {
    let margins = "(() => { const t = document.querySelector('#timeline'); \
                   return [t.dataset.left, t.dataset.right, t.clientWidth].map(Number); })()";
    let margins = browser.ask(margins);
    let [left, right, width] = [0, 1, 2].map(|at| margins[at].as_f64().unwrap_or_default());
    (left + (width - left - right) * part) / width
}

#[test]
fn a_page_says_what_the_report_says() {
    let page = Page::of("pages/three_phases.c");
    let report = page.profiled.report();
    let mut browser = page.open(Screen::DESK);
    browser.click("#tab-table");
    for (cost, expected) in [
        ("allocations", report.totals.allocations),
        ("bytes", report.totals.bytes),
        ("temporary", report.totals.temporary),
        ("peak", report.heap.peak_bytes),
        ("left", report.heap.end_bytes),
    ] {
        let shown = browser.figure(&format!("#total-{cost}"));
        assert_eq!(shown, expected as f64, "{cost}");
    }
    browser.click("#tab-overview");
    let words = browser.text("#overview");
    for said in [
        "Heap peak",
        "keeps_blocks",
        "three_phases.c:",
        "Never freed",
        "leaks",
    ] {
        assert!(words.contains(said), "no `{said}` in:\n{words}");
    }
    browser.click("#tab-waste");
    let slack = browser.text("#waste article[data-kind='slack']");
    assert!(
        slack.contains("keeps_blocks") || slack.contains("leaks"),
        "{slack}"
    );
    browser.assert_quiet(&page.path());
}

#[test]
fn dragging_on_the_timeline_changes_the_totals_to_those_of_the_span() {
    let page = Page::of("pages/three_phases.c");
    let whole = page.profiled.report();
    let mut browser = page.open(Screen::DESK);
    browser.click("#tab-table");
    // From the middle of what it does to its end: however slowly it starts, something lies on either side.
    let [begin, end] = page
        .time_of_allocations()
        .map(|ns| ns as f64 / whole.duration_ns as f64);
    let [from, to] = [f64::midpoint(begin, end), 1.0].map(|part| on_timeline(&mut browser, part));
    browser.drag("#timeline", from, to);
    let [from_ns, to_ns] = ["fromNs", "toNs"].map(|edge| {
        let edge = browser.ask(&format!(
            "Number(document.querySelector('#timeline').dataset.{edge})"
        ));
        edge.as_f64().expect("the timeline says what is selected")
    });
    assert!(0.0 < from_ns && from_ns < to_ns);
    let span = page.report_of(from_ns, to_ns);
    assert!(span.totals.allocations < whole.totals.allocations);
    let allocations = span.totals.allocations as f64;
    assert_eq!(browser.figure("#total-allocations"), allocations);
    assert_eq!(browser.figure("#total-bytes"), span.totals.bytes as f64);
    for function in ["keeps_blocks", "leaks"] {
        let expected: u64 = span.sites_in(function).map(|site| site.allocations).sum();
        let row = format!(
            "[...document.querySelectorAll('#table-rows tr')].find((row) => row.innerText.includes('{function}'))"
        );
        let shown = browser.ask(&format!("Number({row}?.cells[3].dataset.value ?? 0)"));
        assert_eq!(shown.as_f64(), Some(expected as f64), "{function}");
    }
    // Every other view follows too.
    for (tab, selector) in [
        ("sizes", "#sizes tbody td.figure"),
        ("threads", "#threads tbody td.figure"),
    ] {
        browser.click(&format!("#tab-{tab}"));
        let sum = browser.ask(&format!(
            "[...document.querySelectorAll('{selector}:nth-child(2)')].reduce((sum, cell) => sum + Number(cell.dataset.value), 0)"
        ));
        assert_eq!(sum.as_f64(), Some(allocations), "{tab}");
    }
    browser.click("#whole-run");
    browser.click("#tab-table");
    let all = whole.totals.allocations as f64;
    assert_eq!(browser.figure("#total-allocations"), all);
    browser.assert_quiet(&page.path());
}

/// What the waste tab says of the part of a run that is dragged over.
fn waste_between(browser: &mut Browser, [from, to]: [f64; 2]) -> (f64, String) {
    let [from, to] = [from, to].map(|part| on_timeline(browser, part));
    browser.drag("#timeline", from, to);
    let slack = browser.figure("#waste [data-waste='slack'] b");
    (slack, browser.text("#waste"))
}

#[test]
fn waste_follows_the_span() {
    let page = Page::of("pages/three_phases.c");
    let mut browser = page.open(Screen::DESK);
    let duration = page.profiled.report().duration_ns as f64;
    let [begin, end] = page.time_of_allocations().map(|ns| ns as f64 / duration);
    let middle = f64::midpoint(begin, end);
    browser.click("#tab-waste");
    // 700 blocks of 100 bytes, which take 104, are leaked in the second half. Of what comes before them a few more
    // blocks may be live: a single thread's events are dated to within 64 of them.
    let (before, words) = waste_between(&mut browser, [0.0, middle]);
    assert!(!words.contains("2.73 KiB: slack"), "{words}");
    let (after, words) = waste_between(&mut browser, [middle, 1.0]);
    assert!(before < 1_024.0, "{before} bytes before the leaks");
    assert_eq!(after, 2_800.0, "{words}");
    assert!(words.contains("2.73 KiB: slack"), "{words}");
    assert!(
        words.contains("its 700 blocks of 100 B on average held 104 B"),
        "{words}"
    );
    browser.click("#whole-run");
    let report = run(Command::new(ldt())
        .args(["report", "--format", "json"])
        .arg(page.profiled.trace()));
    let report: Value = serde_json::from_str(&report.stdout).expect("it is a report");
    let whole = browser.figure("#waste [data-waste='slack'] b");
    assert_eq!(Some(whole), report["waste"]["peak_slack_bytes"].as_f64());
    browser.assert_quiet(&page.path());
}

#[test]
fn a_search_narrows_the_table_to_what_it_finds() {
    let page = Page::of("pages/three_phases.c");
    let report = page.profiled.report();
    let found: u64 = report.sites_in("leaks").map(|site| site.allocations).sum();
    let mut browser = page.open(Screen::DESK);
    browser.click("#tab-table");
    browser.key("/");
    browser.type_text("leaks");
    browser.wait_until("document.querySelector('#search-text').textContent !== ''");
    assert_eq!(browser.figure("#total-allocations"), found as f64);
    assert!(!browser.text("#table-rows").contains("keeps_blocks"));
    browser.assert_quiet(&page.path());
}

#[test]
fn rows_sort_by_any_column_and_open_to_their_callers() {
    let page = Page::of("pages/three_phases.c");
    let mut browser = page.open(Screen::DESK);
    browser.click("#tab-table");
    let first = "#table-rows tbody:last-child tr:first-child";
    assert!(browser.text(first).contains("keeps_blocks"));
    browser.click("[data-cost='allocations']");
    assert!(browser.text(first).contains("<script>"));
    browser.click("[data-cost='left']");
    assert!(browser.text(first).contains("leaks"));
    let is_open = format!("document.querySelector('{first}').ariaExpanded");
    assert_eq!(browser.ask(&is_open), "false");
    browser.click(first);
    let below = browser.text("#table-rows tbody:last-child tr:nth-child(2)");
    assert!(below.contains("main"), "{below}");
    // The keyboard does the same: the row has the focus by now.
    browser.key("ArrowLeft");
    assert_eq!(browser.ask(&is_open), "false");
    browser.key("ArrowRight");
    browser.key("ArrowDown");
    assert!(
        browser
            .ask("document.activeElement.innerText")
            .to_string()
            .contains("main")
    );
    browser.click("#table-direction [data-value='down']");
    let outermost = browser.text(first);
    assert!(outermost.contains("_start"), "{outermost}");
    browser.assert_quiet(&page.path());
}

#[test]
fn the_flame_graph_zooms_by_mouse_and_by_keyboard() {
    let page = Page::of("pages/three_phases.c");
    let report = page.profiled.report();
    let mut browser = page.open(Screen::DESK);
    browser.click("#tab-flame");
    browser.ask("document.querySelector('#flame-canvas').focus()");
    let whole = browser.text("#flame-text");
    assert!(whole.contains("100.0%"), "{whole}");
    let depth = report
        .sites_in("keeps_blocks")
        .next()
        .expect("it allocates")
        .stack
        .len();
    for _ in 0..depth {
        browser.key("ArrowDown");
    }
    let innermost = browser.text("#flame-text");
    assert!(innermost.contains("keeps_blocks"), "{innermost}");
    browser.key("Enter");
    assert_eq!(
        browser.ask("document.querySelector('#flame-reset').hidden"),
        false
    );
    browser.click("#flame-reset");
    assert_eq!(browser.text("#flame-text"), whole);
    // Inverted, the widest function is right below the top.
    browser.click("#flame-direction [data-value='up']");
    browser.click("#cost [data-value='2']");
    let top = browser.ask(
        "(() => { const r = document.querySelector('#flame-canvas').getBoundingClientRect(); return [r.x, r.y]; })()",
    );
    let [x, y] = [0, 1].map(|axis| top[axis].as_f64().unwrap_or_default());
    browser.mouse("mouseMoved", [x + 10.0, y + 28.0]);
    let pointed = browser.text("#flame-text");
    assert!(
        pointed.contains("<script>") && pointed.contains("2,000"),
        "{pointed}"
    );
    browser.assert_quiet(&page.path());
}

#[test]
fn names_that_are_markup_stay_text() {
    let page = Page::of("pages/three_phases.c");
    let mut browser = page.open(Screen::DESK);
    for tab in ["overview", "flame", "table", "source", "leaks"] {
        browser.click(&format!("#tab-{tab}"));
    }
    browser.click("#tab-table");
    let rows = browser.text("#table-rows");
    assert!(
        rows.contains("<script>document.title='broken'</script>&amp;"),
        "{rows}"
    );
    assert_ne!(browser.ask("document.title"), "broken");
    assert_eq!(
        browser.ask("document.querySelectorAll('#page script').length"),
        0
    );
    browser.assert_quiet(&page.path());
}

#[test]
fn source_lines_show_what_they_allocate() {
    let page = Page::of("pages/three_phases.c");
    let mut browser = page.open(Screen::DESK);
    browser.click("#cost [data-value='3']");
    browser.click("#tab-source");
    let line = browser.ask(
        "[...document.querySelectorAll('.source tr')].find((row) => row.innerText.includes('kept[block] = malloc')).innerText",
    );
    assert!(line.to_string().contains("976.56 KiB"), "{line}");
    browser.assert_quiet(&page.path());
}

#[test]
fn a_profiled_run_says_where_errors_and_leaks_come_from() {
    let page = Page::of("pages/three_phases.c");
    let mut browser = page.open(Screen::DESK);
    browser.click("#tab-errors");
    assert!(browser.text("#errors").contains("ldt check"));
    // Tabs are walked by arrows.
    browser.key("ArrowRight");
    assert_eq!(
        browser.ask("document.querySelector('#leaks').hidden"),
        false
    );
    assert!(browser.text("#leaks").contains("ldt check"));
    browser.assert_quiet(&page.path());
}

#[test]
fn the_keyboard_selects_a_span() {
    let page = Page::of("pages/three_phases.c");
    let mut browser = page.open(Screen::DESK);
    browser.ask("document.querySelector('#timeline').focus()");
    browser.key("ArrowRight");
    let selected = browser.text("#span-text");
    assert!(selected.contains(" to "), "{selected}");
    browser.key("Escape");
    assert!(browser.text("#span-text").contains("whole run"));
    browser.assert_quiet(&page.path());
}

#[test]
fn nothing_is_wider_than_a_phone_and_dark_is_dark() {
    let page = Page::of("pages/three_phases.c");
    let mut browser = page.open(Screen::PHONE);
    for tab in [
        "overview", "flame", "table", "sizes", "threads", "errors", "leaks", "source",
    ] {
        browser.click(&format!("#tab-{tab}"));
        let wide = browser.ask("document.documentElement.scrollWidth").as_f64();
        assert_eq!(wide, Some(f64::from(Screen::PHONE.width)), "{tab}");
    }
    browser.look_with(Screen::DARK);
    let background = "getComputedStyle(document.body).backgroundColor";
    assert_eq!(browser.ask(background), "rgb(22, 24, 29)");
    browser.assert_quiet(&page.path());
}

#[test]
fn a_trace_without_an_allocation_makes_a_page() {
    let page = Page::of("empty.c");
    let mut browser = page.open(Screen::DESK);
    for tab in ["flame", "table", "sizes", "threads", "source"] {
        browser.click(&format!("#tab-{tab}"));
    }
    browser.drag("#timeline", 0.3, 0.6);
    browser.assert_quiet(&page.path());
}

#[test]
fn errors_come_with_their_three_stacks_and_leaks_with_their_kinds() {
    let program = Sample::named("pages/error_and_leak.c").build(Variant::PLAIN);
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    let [trace, path] = ["checked.trace", "page.html"].map(|name| folder.path().join(name));
    run(Command::new(ldt())
        .args(["check", "--profile", "-o"])
        .arg(&trace)
        .arg("--")
        .arg(&program));
    let made = run(Command::new(ldt())
        .args(["html", "-o"])
        .arg(&path)
        .arg(&trace));
    assert_eq!(made.ending, Ending::Code(0), "{made:?}");
    let mut browser = Browser::open(&path, Screen::DESK);
    assert!(
        browser
            .text("#timeline-legend")
            .contains("errors, leak checks")
    );
    let marks = browser.ask(MARKS_OF_TIMELINE);
    let marks: Vec<String> = serde_json::from_value(marks).expect("they are words");
    for said in ["heap-use-after-free, after", "leak check, after"] {
        assert!(marks.iter().any(|mark| mark.contains(said)), "{marks:?}");
    }
    browser.click("#tab-errors");
    let error = browser.text("[data-kind='heap-use-after-free']");
    for said in [
        "write of 1 byte",
        "uses",
        "allocated by thread",
        "makes",
        "freed by thread",
        "drops",
    ] {
        assert!(error.contains(said), "no `{said}` in:\n{error}");
    }
    // Its lines lead to the source.
    browser.click("[data-kind='heap-use-after-free'] button");
    assert!(browser.text("#source").contains("block[100] = 1"));
    browser.click("#tab-leaks");
    let leak = browser.text("[data-kind='definite']");
    assert!(
        leak.contains("77 B in 1 block") && leak.contains("loses"),
        "{leak}"
    );
    assert!(
        browser
            .text("#leaks")
            .contains("What the last leak check found, after")
    );
    // Nothing happens in the first few spans of the run, which the program has not reached then.
    browser.ask("document.querySelector('#timeline').focus()");
    browser.key("ArrowRight");
    assert!(browser.text("#leaks").contains("does not follow the span"));
    browser.assert_quiet(&path);
}

/// What is told where the pointer meets a column of the timeline in the colour of errors.
const MARKS_OF_TIMELINE: &str = "(() => {
    const timeline = document.querySelector('#timeline');
    const scale = timeline.width / timeline.clientWidth;
    const row = timeline.getContext('2d').getImageData(0, Math.round(60 * scale), timeline.width, 1).data;
    const probe = document.createElement('canvas').getContext('2d');
    probe.fillStyle = getComputedStyle(document.documentElement).getPropertyValue('--bad');
    probe.fillRect(0, 0, 1, 1);
    const bad = [...probe.getImageData(0, 0, 1, 1).data].join();
    const said = new Set();
    for (let x = Number(timeline.dataset.left); x <= timeline.clientWidth - Number(timeline.dataset.right); x++) {
        const pixel = 4 * Math.round(x * scale);
        if (row.slice(pixel, pixel + 4).join() !== bad) continue;
        const { left, top } = timeline.getBoundingClientRect();
        timeline.dispatchEvent(new PointerEvent('pointermove', { clientX: left + x, clientY: top + 60 }));
        said.add(timeline.title);
    }
    return [...said];
})()";

#[test]
fn what_cannot_be_written_is_said() {
    let page = Page::of("empty.c");
    let outcome = run(Command::new(ldt())
        .args(["html", "-o", "/no/such/folder/page.html"])
        .arg(page.profiled.trace()));
    assert_eq!(outcome.ending, Ending::Code(125), "{outcome:?}");
    assert!(
        outcome.stderr.contains("/no/such/folder/page.html"),
        "{outcome:?}"
    );
    let foreign = page.folder.path().join("foreign");
    fs::write(&foreign, "no trace").expect("a file can be written");
    let outcome = run(Command::new(ldt()).arg("html").arg(&foreign));
    assert_eq!(outcome.ending, Ending::Code(125), "{outcome:?}");
}
