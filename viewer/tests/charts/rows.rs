//! Threads beside each other, and call stacks before and after.

use ldt_viewer::{Canvas, ChangeRow, ChangesChart, Size, ThreadRow, ThreadsChart, Unit};

use crate::reading::{Rect, Svg};

const BYTES: &str = "#0072B2";
const BEFORE: &str = "#CDD0D6";
const GREW: &str = "#C4281C";
const SHRANK: &str = "#0068B2";

fn bars<'s>(svg: &'s Svg, colour: &str) -> Vec<&'s Rect> {
    let mut found = svg.filled(colour);
    found.retain(|rect| rect.high > 11.0);
    found
}

fn thread(name: &str, bytes: u64) -> ThreadRow {
    ThreadRow {
        name: name.to_owned(),
        bytes,
        allocations: bytes / 10,
        frees: 1,
        live_bytes: 0,
    }
}

#[test]
fn threads_are_as_long_as_what_they_allocated_the_busiest_first() {
    let chart = ThreadsChart {
        title: "Threads of program".into(),
        threads: vec![thread("T1 small", 1 << 20), thread("T0 large", 4 << 20)],
        ..ThreadsChart::default()
    };
    let svg = Svg::read(&chart.draw(&Canvas::svg()).unwrap());
    svg.assert_within_page(&Canvas::svg());
    let bars = bars(&svg, BYTES);
    assert_eq!(bars.len(), 2);
    assert!((bars[1].wide - bars[0].wide / 4.0).abs() <= 2.0, "{bars:?}");
    for (name, bar) in [("T0 large", bars[0]), ("T1 small", bars[1])] {
        let words = svg.says(name);
        assert!((bar.top..bar.top + bar.high).contains(&(words.y + words.em / 2.0)));
        assert!(words.x <= bar.left);
    }
    for text in [
        "bytes allocated",
        "4 MiB",
        "1 MiB",
        "allocations",
        "419k",
        "frees",
        "bytes live at the end",
    ] {
        svg.says(text);
    }
}

#[test]
fn ten_thousand_threads_end_in_a_row_of_the_rest() {
    let chart = ThreadsChart {
        threads: (0..10_000)
            .map(|number| thread(&format!("T{number}"), number + 10))
            .collect(),
        ..ThreadsChart::default()
    };
    let svg = Svg::read(&chart.draw(&Canvas::svg()).unwrap());
    svg.assert_within_page(&Canvas::svg());
    assert!(
        svg.texts()
            .iter()
            .any(|text| text.ends_with("more threads"))
    );
    Svg::read(&ThreadsChart::default().draw(&Canvas::svg()).unwrap())
        .says("Nothing was allocated in this time.");
}

fn changes(rows: &[(&str, u64, u64)]) -> ChangesChart {
    let row = |&(name, before, after): &(&str, u64, u64)| ChangeRow {
        name: name.to_owned(),
        before,
        after,
    };
    ChangesChart {
        title: "Before and after".into(),
        subtitle: "program".into(),
        unit: Unit::Bytes,
        total: (
            rows.iter().map(|row| row.1).sum(),
            rows.iter().map(|row| row.2).sum(),
        ),
        rows: rows.iter().map(row).collect(),
    }
}

#[test]
fn what_changed_most_comes_first_with_a_bar_before_and_one_after() {
    let chart = changes(&[
        ("same", 9_000, 9_000),
        ("shrank", 2_048, 1_024),
        ("grew", 1_024, 8_192),
    ]);
    let svg = Svg::read(&chart.draw(&Canvas::svg()).unwrap());
    svg.assert_within_page(&Canvas::svg());
    let (before, grew, shrank) = (bars(&svg, BEFORE), bars(&svg, GREW), bars(&svg, SHRANK));
    assert!(
        (before[0].wide - grew[0].wide / 8.0).abs() <= 2.0,
        "{before:?} {grew:?}"
    );
    assert!(
        (before[1].wide - shrank[0].wide * 2.0).abs() <= 2.0,
        "{before:?} {shrank:?}"
    );
    assert!(before[0].top < before[1].top);
    for text in [
        "+7 KiB",
        "-1 KiB",
        "+6 KiB in all: from 11.8 KiB to 17.8 KiB",
        "before",
        "after, where it grew",
    ] {
        svg.says(text);
    }
    assert!(!svg.texts().contains(&"same"));
}

#[test]
fn nothing_changed_and_too_much_changed_are_said() {
    let same = changes(&[("same", 1, 1)]);
    Svg::read(&same.draw(&Canvas::svg()).unwrap()).says("No call stack changed.");
    let many: Vec<(String, u64, u64)> = (0..10_000)
        .map(|number| (format!("stack {number} {}", "x".repeat(5_000)), 0, number))
        .collect();
    let many: Vec<(&str, u64, u64)> = many
        .iter()
        .map(|(name, before, after)| (name.as_str(), *before, *after))
        .collect();
    for (width_px, height_px) in [(1_200, 600), (200, 120), (400, 3_000)] {
        let canvas = Canvas {
            size: Size {
                width_px,
                height_px,
                scale: 1,
            },
            ..Canvas::svg()
        };
        let svg = Svg::read(&changes(&many).draw(&canvas).unwrap());
        let said = svg
            .texts()
            .into_iter()
            .find(|text| text.contains(" more changed by less"));
        assert!(said.is_some(), "{:?}", svg.texts());
    }
}

#[test]
fn figures_of_any_size_are_drawn() {
    let chart = changes(&[("all of it", 0, u64::MAX), ("none", u64::MAX, 0)]);
    let chart = ChangesChart {
        total: (u64::MAX, u64::MAX),
        ..chart
    };
    let svg = Svg::read(&chart.draw(&Canvas::svg()).unwrap());
    svg.assert_within_page(&Canvas::svg());
    svg.says("+16 EiB");
}

#[test]
fn a_narrow_page_shows_the_first_figures_of_threads_well() {
    let chart = ThreadsChart {
        threads: vec![thread("T0 main", 4 << 20)],
        ..ThreadsChart::default()
    };
    let canvas = Canvas {
        size: Size {
            width_px: 320,
            height_px: 200,
            scale: 1,
        },
        ..Canvas::svg()
    };
    let svg = Svg::read(&chart.draw(&canvas).unwrap());
    svg.assert_within_page(&canvas);
    svg.says("bytes allocated");
    assert!(!svg.texts().contains(&"frees"));
}
