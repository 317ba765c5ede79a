//! Lifetimes and ages: every bar at its time and as high as its figure.

use ldt_viewer::{AgesChart, Canvas, DurationBin, LifetimesChart};

use crate::reading::Svg;

const BLOCKS: &str = "#0072B2";
const BYTES: &str = "#C85000";

fn bins(bins: &[(u64, u64, u64, u64)]) -> Vec<DurationBin> {
    let bin = |&(from_ns, to_ns, blocks, bytes)| DurationBin {
        from_ns,
        to_ns,
        blocks,
        bytes,
    };
    bins.iter().map(bin).collect()
}

fn lifetimes(of: &[(u64, u64, u64, u64)]) -> Svg {
    let chart = LifetimesChart {
        title: "Lifetimes of program".into(),
        bins: bins(of),
        never_freed_blocks: 7,
        ..LifetimesChart::default()
    };
    let svg = Svg::read(&chart.draw(&Canvas::svg()).unwrap());
    svg.assert_within_page(&Canvas::svg());
    svg
}

#[test]
fn both_axes_of_lifetimes_are_logarithmic() {
    let svg = lifetimes(&[
        (1_000, 10_000, 10, 0),
        (1_000_000, 10_000_000, 1_000, 0),
        (1_000_000_000, 10_000_000_000, 100_000, 0),
    ]);
    let bars = svg.filled(BLOCKS);
    assert_eq!(bars.len(), 3);
    for (bar, power) in bars.iter().zip([0.0, 3.0, 6.0]) {
        let left = svg.x_of(("1 µs", 0.0), ("1 s", 6.0), power);
        assert!((bar.left - left).abs() <= 4.0, "{bar:?} {left}");
    }
    assert!(bars[1].high > bars[0].high + 50.0, "{bars:?}");
    let steps = [bars[1].high - bars[0].high, bars[2].high - bars[1].high];
    assert!(
        (steps[0] - steps[1]).abs() <= 4.0,
        "a hundred times as many is the same step: {steps:?}"
    );
    for text in [
        "blocks freed: 101,010",
        "never freed, not in the bars: 7",
        "10",
        "1,000",
        "100k",
    ] {
        svg.says(text);
    }
}

#[test]
fn a_single_block_is_seen_beside_a_million() {
    let svg = lifetimes(&[(0, 1, 1, 0), (1_000, 10_000, 1_000_000, 0)]);
    let bars = svg.filled(BLOCKS);
    assert!(bars[0].high > 20.0, "{:?}", bars[0]);
    let zero = svg
        .words
        .iter()
        .find(|words| words.text == "0" && words.anchor == "middle");
    assert!((zero.unwrap().x - (bars[0].left + bars[0].wide / 2.0)).abs() <= 2.0);
}

#[test]
fn ages_show_blocks_and_bytes_in_proportion() {
    let chart = AgesChart {
        title: "Ages".into(),
        bins: bins(&[
            (1_000, 10_000, 100, 4 << 40),
            (10_000, 100_000, 50, 1 << 40),
        ]),
        ..AgesChart::default()
    };
    let svg = Svg::read(&chart.draw(&Canvas::svg()).unwrap());
    svg.assert_within_page(&Canvas::svg());
    for (colour, part) in [(BLOCKS, 0.5), (BYTES, 0.25)] {
        let bars = svg.filled(colour);
        assert!(
            (bars[1].high - bars[0].high * part).abs() <= 2.0,
            "{bars:?}"
        );
    }
    for text in [
        "blocks live at the peak: 150",
        "bytes in them: 5 TiB",
        "100",
        "4 TiB",
    ] {
        svg.says(text);
    }
}

#[test]
fn nothing_freed_and_nothing_at_all_are_said() {
    lifetimes(&[]).says("Nothing was freed; 7 blocks are left.");
    let empty = AgesChart::default().draw(&Canvas::svg()).unwrap();
    Svg::read(&empty).says("Nothing was allocated in this time.");
    let empty = LifetimesChart::default().draw(&Canvas::svg()).unwrap();
    Svg::read(&empty).says("Nothing was allocated in this time.");
}

#[test]
fn any_spans_are_drawn_on_the_page() {
    lifetimes(&[
        (5, 3, u64::MAX, 0),
        (u64::MAX, u64::MAX, 1, 0),
        (0, 0, 3, 0),
    ]);
    let quarters: Vec<_> = (0..76)
        .map(|quarter| {
            let edge = |quarter: i32| 10f64.powf(f64::from(quarter) / 4.0) as u64;
            (edge(quarter), edge(quarter + 1), 12_345, 0)
        })
        .collect();
    lifetimes(&quarters);
}
