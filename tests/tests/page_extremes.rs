//! Pages of everything that a program may be, in a real browser: nothing at all, one stack, thousands, names of
//! 5,000 letters, terabytes, and words that are markup wherever a page shows words.

use std::fs;

use ldt_tests::browser::{Browser, Screen};
use ldt_viewer::Mark;
use ldt_viewer::html::{
    CallStacks, Fault, FoundStack, HtmlPage, LeakRecord, Leaks, Moment, Place, Run, Site, SiteMark,
    SizeClass, SizeMark, Source, SourcePart, StackNumber, Thread, ThreadMark, Waste, WasteMoment,
};

const TABS: [&str; 9] = [
    "overview", "flame", "table", "sizes", "threads", "errors", "leaks", "waste", "source",
];
const MARKUP: &str = "<script>document.title = 'broken'</script><img src='/x' onerror='alert(1)'>";

/// Opens the page and looks at every view, of the whole run and of a part.
fn look_through(page: &HtmlPage, look: impl FnOnce(&mut Browser)) {
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    let path = folder.path().join("page.html");
    let file = page.write().expect("a page can be written");
    fs::write(&path, file).expect("a file can be written");
    let mut browser = Browser::open(&path, Screen::PHONE);
    for tab in TABS {
        browser.click(&format!("#tab-{tab}"));
        let wide = browser.ask("document.documentElement.scrollWidth").as_f64();
        assert_eq!(wide, Some(f64::from(Screen::PHONE.width)), "{tab}");
    }
    browser.look_with(Screen::DESK);
    // The page is told of its new size after the window has it.
    browser.wait_until("document.querySelector('#timeline').clientWidth > 1000");
    browser.drag("#timeline", 0.3, 0.8);
    for tab in TABS {
        browser.click(&format!("#tab-{tab}"));
    }
    browser.click("#tab-flame");
    browser.click("#flame-direction [data-value='up']");
    browser.click("#tab-table");
    look(&mut browser);
    browser.assert_quiet(&path);
}

/// A page with `stacks` call stacks, each three frames deep; each allocates once in each of `spans` spans.
fn page_of(stacks: u64, spans: u32, size: u64, name: &str) -> HtmlPage {
    let mut calls = CallStacks::default();
    let file = calls.word("/src/program.c");
    let module = calls.word("/bin/program");
    let called = calls.word("malloc");
    let mut sites = Vec::new();
    for number in 0..stacks {
        let frames = [
            "main".to_owned(),
            format!("step_{}", number % 97),
            format!("{name}{number}"),
        ];
        let mut stack = StackNumber::default();
        for (depth, function) in frames.iter().enumerate() {
            let place = Place {
                function: calls.word(function),
                file: Some(file),
                line: 1 + depth as u32 * 10,
                module: Some(module),
                is_inlined: depth == 2,
            };
            let place = calls.place(place);
            stack = calls.extend(stack, place);
        }
        let mark = |span: u32| {
            let so_far = u64::from(span) + 1;
            SiteMark {
                span,
                allocations: so_far,
                bytes: so_far * size,
                temporary: 0,
                live_bytes: so_far * size,
                live_blocks: so_far,
                live_slack_bytes: so_far * 8,
            }
        };
        sites.push(Site {
            stack,
            called,
            peak_bytes: u64::from(spans) * size,
            peak_blocks: u64::from(spans),
            peak_slack_bytes: u64::from(spans) * 8,
            alignment: if number == 0 { 4096 } else { 0 },
            padding_bytes: u64::from(spans) * 100,
            shared_free_bytes: number * 10_000,
            marks: (0..spans).map(mark).collect(),
        });
    }
    let all = stacks * u64::from(spans);
    let span_ns = 1_000_000;
    HtmlPage {
        run: Run {
            program: "program".to_owned(),
            duration_ns: u64::from(spans) * span_ns,
            allocations: all,
            bytes: all * size,
            peak_ns: u64::from(spans) * span_ns - 1,
            peak_bytes: all * size,
            peak_blocks: all,
            left_bytes: all * size,
            left_blocks: all,
            ..Run::default()
        },
        moments: (0..u64::from(spans))
            .map(|span| Moment {
                at_ns: span * span_ns,
                low_bytes: span * stacks * size,
                high_bytes: (span + 1) * stacks * size,
                resident_bytes: 0,
                allocations: stacks,
            })
            .collect(),
        edges_ns: (0..=u64::from(spans)).map(|edge| edge * span_ns).collect(),
        stacks: calls,
        sites,
        sizes: vec![SizeClass {
            first: size,
            last: size * 2 - 1,
            marks: vec![SizeMark {
                span: 0,
                allocations: all,
                bytes: all * size,
            }],
        }],
        threads: vec![Thread {
            name: "T0".to_owned(),
            left_bytes: all * size,
            left_blocks: all,
            marks: vec![ThreadMark {
                span: 0,
                allocations: all,
                bytes: all * size,
                frees: 0,
                temporary: 0,
            }],
        }],
        marks: vec![Mark {
            at_ns: span_ns / 2,
            label: name.to_owned(),
        }],
        waste: Some(Waste {
            allocator: name.to_owned(),
            knows_slack: true,
            moments: vec![WasteMoment {
                at_ns: span_ns / 2,
                free_bytes: 1 << 20,
            }],
            shares_at_ns: span_ns / 2,
        }),
        ..HtmlPage::default()
    }
}

#[test]
fn nothing_at_all_is_a_page() {
    look_through(&HtmlPage::default(), |browser| {
        assert_eq!(browser.figure("#total-allocations"), 0.0);
    });
}

#[test]
fn one_stack_of_terabytes_is_a_page() {
    const TERABYTE: u64 = 1 << 40;
    look_through(&page_of(1, 10, TERABYTE, "f"), |browser| {
        assert_eq!(browser.figure("#total-peak"), (8 * TERABYTE) as f64);
        assert!(browser.text("#total-peak").contains("8.00 TiB"));
    });
}

#[test]
fn ten_thousand_stacks_stay_a_page_of_few_elements() {
    look_through(&page_of(10_000, 40, 16, "function_"), |browser| {
        // From 0.3 to 0.8 of 40 spans.
        let allocations = browser.figure("#total-allocations");
        assert_eq!(allocations % 10_000.0, 0.0);
        assert!(
            (180_000.0..=220_000.0).contains(&allocations),
            "{allocations}"
        );
        let elements = browser
            .ask("document.querySelectorAll('*').length")
            .as_f64();
        assert!(
            elements.is_some_and(|count| count < 3_000.0),
            "{elements:?}"
        );
    });
}

#[test]
fn fifty_thousand_stacks_at_work_all_the_time_take_less_than_ten_mebibytes() {
    let page = page_of(50_000, 12, 48, "a_function_of_some_length_");
    let file = page.write().expect("a page can be written");
    assert!(file.len() < 10 << 20, "{} bytes", file.len());
}

#[test]
fn names_of_five_thousand_letters_fit() {
    let name = "ns::template_of<std::string, ".repeat(180);
    look_through(&page_of(20, 5, 16, &name), |browser| {
        let wide = browser.ask("document.documentElement.scrollWidth").as_f64();
        assert_eq!(wide, Some(f64::from(Screen::DESK.width)));
    });
}

#[test]
fn markup_is_shown_wherever_there_are_words() {
    let mut page = page_of(3, 5, 16, MARKUP);
    let markup = MARKUP.to_owned();
    page.run.program = markup.clone();
    page.run.command = markup.clone();
    page.run.signal = Some(markup.clone());
    page.run.made_by = markup.clone();
    page.warnings = vec![markup.clone(), "</script><!--".to_owned()];
    page.threads[0].name = markup.clone();
    let place = Place {
        function: page.stacks.word(MARKUP),
        file: Some(page.stacks.word(MARKUP)),
        line: 1,
        module: Some(page.stacks.word(MARKUP)),
        is_inlined: false,
    };
    let stack = FoundStack {
        title: markup.clone(),
        frames: vec![page.stacks.place(place)],
    };
    page.faults = vec![Fault {
        kind: markup.clone(),
        headline: markup.clone(),
        detected_by: markup.clone(),
        at_ns: 2_000_000,
        count: 3,
        notes: vec![markup.clone()],
        stacks: vec![stack.clone()],
    }];
    page.leaks = Some(Leaks {
        records: vec![LeakRecord {
            kind: "definite".to_owned(),
            bytes: 1,
            blocks: 1,
            indirect_bytes: 1,
            stack,
        }],
        ..Leaks::default()
    });
    page.sources = vec![Source {
        file: page.stacks.word(MARKUP),
        doubt: Some(markup.clone()),
        parts: vec![SourcePart {
            first: 1,
            lines: vec![markup],
        }],
    }];
    look_through(&page, |browser| {
        browser.click("#whole-run");
        for (tab, selector) in [
            ("errors", ".fault h3"),
            ("leaks", ".frames"),
            ("waste", "#waste .tiles"),
            ("source", ".source tbody"),
        ] {
            browser.click(&format!("#tab-{tab}"));
            let shown = browser.text(selector);
            assert!(shown.contains(MARKUP), "{tab}: {shown}");
        }
        assert_eq!(browser.ask("document.querySelectorAll('img').length"), 0);
        let title = browser.ask("document.title");
        assert_eq!(title, format!("Heap of {MARKUP}"));
    });
}
