//! Rates: calls per second where and when they were made.

use ldt_viewer::{Canvas, RateBin, RatesChart, Size, Theme};

use crate::reading::{Pixels, Svg};

const ALLOCATIONS: &str = "#0072B2";
const FREES: &str = "#C85000";
const SECOND: u64 = 1_000_000_000;

fn bin(second: u64, allocations: u64, frees: u64) -> RateBin {
    RateBin {
        from_ns: second * SECOND,
        to_ns: (second + 1) * SECOND,
        allocations,
        frees,
    }
}

/// 4,000 a second, then 1,000, then 2,000; frees only in the last second.
fn chart() -> RatesChart {
    RatesChart {
        title: "Allocations and frees of program".into(),
        subtitle: "program".into(),
        bins: vec![bin(0, 4_000, 0), bin(1, 1_000, 0), bin(2, 2_000, 3_000)],
    }
}

#[test]
fn lines_run_at_the_rate_of_each_second() {
    let svg = Svg::read(&chart().draw(&Canvas::svg()).unwrap());
    svg.assert_within_page(&Canvas::svg());
    let grid = svg.grid();
    let ticks = ["0", "500", "1k", "1.5k", "2k", "2.5k", "3k", "3.5k", "4k"];
    let shown = ticks
        .iter()
        .filter(|tick| svg.texts().contains(tick))
        .count();
    assert!(shown >= 4, "{:?}", svg.texts());
    let ground = grid[0];
    let at = |colour: &str, second: f64| {
        let (_, line) = svg
            .lines
            .iter()
            .find(|(stroke, _)| stroke == colour)
            .unwrap();
        let x = svg.x_of(("0.5 s", 0.5), ("2.5 s", 2.5), second);
        let (_, y) = line.iter().rev().find(|(at, _)| *at <= x).unwrap();
        ground - y
    };
    let most = at(ALLOCATIONS, 0.5);
    assert!((at(ALLOCATIONS, 1.5) - most / 4.0).abs() <= 2.0);
    assert!((at(ALLOCATIONS, 2.5) - most / 2.0).abs() <= 2.0);
    assert!((at(FREES, 1.5)).abs() <= 2.0);
    assert!((at(FREES, 2.5) - most * 0.75).abs() <= 2.0);
    svg.says("7,000 allocations, at most 4,000 a second at 0 ns");
    svg.says("per second");
}

#[test]
fn the_bitmap_has_the_lines_where_the_values_put_them() {
    for (theme, line) in [(Theme::Light, ALLOCATIONS), (Theme::Dark, "#56B4E9")] {
        let canvas = |of: Canvas| Canvas { theme, ..of };
        let svg = Svg::read(&chart().draw(&canvas(Canvas::svg())).unwrap());
        let pixels = Pixels::read(&chart().draw(&canvas(Canvas::png())).unwrap());
        let (_, points) = svg.lines.iter().find(|(stroke, _)| stroke == line).unwrap();
        let (x, y) = points[0];
        assert_eq!(pixels.at(x + 20.0, y), line);
    }
}

#[test]
fn no_calls_say_so() {
    for bins in [vec![], vec![bin(0, 0, 0)]] {
        let empty = RatesChart {
            bins,
            ..RatesChart::default()
        };
        Svg::read(&empty.draw(&Canvas::svg()).unwrap()).says("Nothing was allocated in this time.");
    }
}

#[test]
fn a_moment_and_contradictions_are_drawn_on_the_page() {
    for (from_ns, to_ns) in [(0, 0), (7, 7), (9, 3), (0, u64::MAX)] {
        let odd = RatesChart {
            bins: vec![RateBin {
                from_ns,
                to_ns,
                allocations: u64::MAX,
                frees: 1,
            }],
            ..RatesChart::default()
        };
        Svg::read(&odd.draw(&Canvas::svg()).unwrap()).assert_within_page(&Canvas::svg());
    }
}

#[test]
fn a_narrow_page_keeps_its_words_on_it() {
    let canvas = Canvas {
        size: Size {
            width_px: 320,
            height_px: 200,
            scale: 1,
        },
        ..Canvas::svg()
    };
    let svg = Svg::read(&chart().draw(&canvas).unwrap());
    svg.assert_within_page(&canvas);
    let ticks = svg.words.iter().filter(|words| words.anchor == "end");
    assert!(ticks.count() >= 2, "{:?}", svg.texts());
}
