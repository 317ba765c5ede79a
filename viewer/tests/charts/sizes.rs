//! The size histogram: every bin at its size and as high as its figure.

use ldt_viewer::{Canvas, SizeBin, SizesChart};

use crate::reading::Svg;

const ALLOCATIONS: &str = "#0072B2";
const BYTES: &str = "#C85000";

fn chart(bins: &[(u64, u64, u64, u64)]) -> SizesChart {
    SizesChart {
        title: "Block sizes of program".into(),
        subtitle: "program".into(),
        bins: bins
            .iter()
            .map(|&(from_bytes, to_bytes, allocations, bytes)| SizeBin {
                from_bytes,
                to_bytes,
                allocations,
                bytes,
                usable_bytes: 0,
            })
            .collect(),
    }
}

fn svg(chart: &SizesChart) -> Svg {
    let svg = Svg::read(&chart.draw(&Canvas::svg()).unwrap());
    svg.assert_within_page(&Canvas::svg());
    svg
}

#[test]
fn bars_stand_at_their_sizes_and_are_as_high_as_their_figures() {
    let svg = svg(&chart(&[
        (16, 31, 4_000, 80_000),
        (64, 127, 1_000, 100_000),
        (4_096, 8_191, 2_000, 9_000_000),
    ]));
    let bars = svg.filled(ALLOCATIONS);
    let highest = bars[0].high;
    for (bar, (octave, part)) in bars.iter().zip([(4.0, 1.0), (6.0, 0.25), (12.0, 0.5)]) {
        let left = svg.x_of(("16 B", 4.0), ("4 KiB", 12.0), octave);
        let right = svg.x_of(("16 B", 4.0), ("4 KiB", 12.0), octave + 1.0);
        assert!((bar.left - left).abs() <= 4.0, "{bar:?} {left}");
        assert!(
            (bar.left + bar.wide - right).abs() <= 4.0,
            "{bar:?} {right}"
        );
        assert!((bar.high - highest * part).abs() <= 2.0, "{bar:?} {part}");
    }
    assert_eq!(bars.len(), 3);
}

#[test]
fn what_the_allocator_adds_stands_on_what_was_asked_for() {
    let mut waste = chart(&[(16, 31, 1_000, 20 << 10), (32, 63, 10, 40 << 10)]);
    waste.bins[0].usable_bytes = 30 << 10;
    waste.bins[1].usable_bytes = 40 << 10;
    let svg = svg(&waste);
    let requested = svg.filled(BYTES);
    let added = svg.filled("#CDD0D6");
    let [added] = added[..] else {
        panic!("only the first bin has waste: {added:?}")
    };
    assert!(
        (added.high - requested[0].high / 2.0).abs() <= 2.0,
        "{added:?} {requested:?}"
    );
    assert!((added.top + added.high - requested[0].top).abs() <= 1.0);
    for text in [
        "bytes requested: 60 KiB",
        "unused in their blocks: 10 KiB (14.3%)",
        "30 KiB",
    ] {
        svg.says(text);
    }
}

#[test]
fn every_figure_stands_on_its_bar() {
    let svg = svg(&chart(&[
        (16, 31, 12_345_678, 300_000_000),
        (32, 63, 7, 301),
    ]));
    for text in ["12.3M", "7", "286 MiB", "301 B", "allocations: 12,345,685"] {
        svg.says(text);
    }
    let [large, small] = svg.filled(ALLOCATIONS)[..] else {
        panic!()
    };
    assert!(
        small.high >= 4.0,
        "a bar beside one a million times as high is still seen"
    );
    for (bar, text) in [(large, "12.3M"), (small, "7")] {
        let figure = svg.says(text);
        assert!((figure.x - (bar.left + bar.wide / 2.0)).abs() <= 2.0);
        assert!(figure.y < bar.top);
    }
}

#[test]
fn figures_stand_upright_where_bars_are_narrow() {
    let many: Vec<_> = (0..40)
        .map(|power| (1 << power, (2 << power) - 1, 123_456, 1 << power))
        .collect();
    let svg = svg(&chart(&many));
    let upright = svg
        .words
        .iter()
        .filter(|words| words.is_upright && words.text == "123k");
    assert_eq!(upright.count(), 40);
    assert_eq!(svg.filled(BYTES).len(), 40);
}

#[test]
fn zero_sized_blocks_and_the_largest_ones_have_a_place() {
    let svg = svg(&chart(&[(0, 0, 5, 0), (1 << 63, u64::MAX, 1, u64::MAX)]));
    svg.says("16 EiB");
    let bars = svg.filled(ALLOCATIONS);
    let zero = svg
        .words
        .iter()
        .find(|words| words.text == "0" && words.anchor == "middle")
        .unwrap();
    assert!((zero.x - (bars[0].left + bars[0].wide / 2.0)).abs() <= 2.0);
}

#[test]
fn no_bins_and_empty_bins_say_so() {
    for bins in [&[][..], &[(16, 31, 0, 0)]] {
        svg(&chart(bins)).says("Nothing was allocated in this time.");
    }
}
