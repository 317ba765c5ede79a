//! The timeline: every figure at its place.

use ldt_viewer::{Canvas, HeapPoint, Layer, Mark, Peak, ResidentSample, Size, TimelineChart};

use crate::reading::Svg;

pub(crate) const MIB: u64 = 1 << 20;
const SECOND: u64 = 1_000_000_000;
/// One CSS pixel at the default scale, in device pixels.
const ONE_PX: f64 = 2.0;

pub(crate) const LIGHT_HEAP: &str = "#0072B2";
const LIGHT_RESIDENT: &str = "#C85000";

/// 10 MiB, at 1 s up to 80 MiB, at 3 s down to 20 MiB, until 4 s.
pub(crate) fn three_steps() -> TimelineChart {
    TimelineChart {
        title: "Heap of program".into(),
        subtitle: "program --flag".into(),
        to_ns: 4 * SECOND,
        points: vec![
            HeapPoint::at(0, 10 * MIB),
            HeapPoint::at(SECOND, 80 * MIB),
            HeapPoint::at(3 * SECOND, 20 * MIB),
        ],
        peak: Some(Peak {
            at_ns: SECOND,
            bytes: 80 * MIB,
        }),
        ..TimelineChart::default()
    }
}

pub(crate) fn x_of_seconds(svg: &Svg, seconds: f64) -> f64 {
    svg.x_of(("0", 0.0), ("4.0 s", 4.0), seconds)
}

/// The position that the grid gives this many bytes; its lines are 20 MiB apart.
pub(crate) fn y_of_mib(svg: &Svg, mib: f64) -> f64 {
    let grid = svg.grid();
    grid[0] + mib / 80.0 * (grid[4] - grid[0])
}

fn line<'s>(svg: &'s Svg, colour: &str) -> &'s [(f64, f64)] {
    let found = svg.lines.iter().find(|(stroke, _)| stroke == colour);
    &found.unwrap_or_else(|| panic!("no line in {colour}")).1
}

#[test]
fn axes_are_labelled_in_units_that_people_read() {
    let svg = Svg::of(&three_steps());
    for label in [
        "Heap of program",
        "program --flag",
        "20 MiB",
        "40 MiB",
        "60 MiB",
        "80 MiB",
    ] {
        svg.says(label);
    }
    for label in ["0.5 s", "1.0 s", "3.5 s", "4.0 s", "live heap", "bytes"] {
        svg.says(label);
    }
    assert_eq!(svg.title, "Heap of program");
}

#[test]
fn the_line_runs_through_the_values() {
    let svg = Svg::of(&three_steps());
    let line = line(&svg, LIGHT_HEAP);
    let expected = [
        (0.0, 10.0),
        (1.0, 10.0),
        (1.0, 80.0),
        (3.0, 80.0),
        (3.0, 20.0),
        (4.0, 20.0),
    ];
    assert_eq!(line.len(), expected.len(), "{line:?}");
    for ((x, y), (seconds, mib)) in line.iter().zip(expected) {
        assert!(
            (x - x_of_seconds(&svg, seconds)).abs() <= ONE_PX,
            "{line:?}"
        );
        assert!((y - y_of_mib(&svg, mib)).abs() <= ONE_PX, "{line:?}");
    }
}

#[test]
fn the_peak_is_marked_and_labelled_at_its_place() {
    let mut chart = three_steps();
    chart.points[1].at_ns = 2 * SECOND;
    chart.peak = Some(Peak {
        at_ns: 2 * SECOND,
        bytes: 80 * MIB,
    });
    let svg = Svg::of(&chart);
    let label = svg.says("peak 80 MiB at 2 s");
    assert_eq!(label.anchor, "middle");
    assert!((label.x - x_of_seconds(&svg, 2.0)).abs() <= ONE_PX);
    for (_, (x, y)) in &svg.dots {
        assert!((x - x_of_seconds(&svg, 2.0)).abs() <= ONE_PX);
        assert!((y - y_of_mib(&svg, 80.0)).abs() <= ONE_PX);
    }
    assert_eq!(svg.dots.len(), 2, "a dot and the ring around it");
}

#[test]
fn a_peak_at_the_edge_keeps_its_label_on_the_page() {
    for at_ns in [0, 4 * SECOND] {
        let mut chart = three_steps();
        chart.peak = Some(Peak {
            at_ns,
            bytes: 80 * MIB,
        });
        let svg = Svg::of(&chart);
        svg.assert_within_page(&Canvas::svg());
        let (_, (x, _)) = svg.dots[0];
        assert!((x - x_of_seconds(&svg, at_ns as f64 / 1e9)).abs() <= ONE_PX);
    }
}

#[test]
fn the_legend_stands_below_the_plot() {
    let mut chart = three_steps();
    chart.layers = ["one", "two", "three"]
        .map(|name| Layer {
            name: format!("{name}::{}", "nested::".repeat(600)),
            bytes: vec![MIB, 2 * MIB, MIB],
        })
        .to_vec();
    let svg = Svg::of(&chart);
    let lowest = svg.grid()[0];
    for name in ["one", "two", "three", "everything else", "live heap"] {
        let entry = svg
            .words
            .iter()
            .find(|words| words.text.starts_with(name))
            .unwrap();
        assert!(entry.y > lowest, "{entry:?}");
    }
    svg.assert_within_page(&Canvas::svg());
}

#[test]
fn a_legend_with_no_room_counts_what_it_leaves_out() {
    let mut chart = three_steps();
    let layer = |at| Layer {
        name: format!("layer {at}"),
        bytes: vec![0, MIB, 0],
    };
    chart.layers = (0..6).map(layer).collect();
    let size = Size {
        width_px: 320,
        height_px: 180,
        scale: 1,
    };
    let canvas = Canvas {
        size,
        ..Canvas::svg()
    };
    let svg = Svg::read(&chart.draw(&canvas).unwrap());
    svg.assert_within_page(&canvas);
    let layers = svg
        .texts()
        .iter()
        .filter(|text| text.starts_with("layer"))
        .count();
    // The line of the heap and the layers that are named; all others and the rest are counted.
    svg.says(&format!("… and {} more", 1 + 6 + 1 - 1 - layers));
}

#[test]
fn layers_are_stacked_on_each_other_and_the_rest_on_top() {
    let mut chart = three_steps();
    let layer = |mib: u64| Layer {
        name: format!("{mib} MiB"),
        bytes: vec![0, mib * MIB, 0],
    };
    chart.layers = vec![layer(30), layer(20)];
    let svg = Svg::of(&chart);
    assert_tops(&svg, &[80.0, 50.0, 30.0]);
}

#[test]
fn layers_that_claim_too_much_stay_under_the_heap() {
    let mut chart = three_steps();
    let layer = |bytes| Layer {
        name: "layer".into(),
        bytes: vec![0, bytes, 0],
    };
    chart.layers = vec![layer(30 * MIB), layer(u64::MAX)];
    assert_tops(&Svg::of(&chart), &[80.0, 80.0, 30.0]);
}

/// The rest comes first, then the layers from the top down, each drawn to the ground.
fn assert_tops(svg: &Svg, expected_mib: &[f64]) {
    let top = |points: &[(f64, f64)]| points.iter().map(|(_, y)| *y).fold(f64::MAX, f64::min);
    let tops: Vec<f64> = svg.areas.iter().map(|(_, points)| top(points)).collect();
    assert_eq!(tops.len(), expected_mib.len());
    for (top, mib) in tops.iter().zip(expected_mib) {
        assert!((top - y_of_mib(svg, *mib)).abs() <= ONE_PX, "{tops:?}");
    }
}

#[test]
fn resident_memory_shares_the_plot_until_it_would_flatten_the_heap() {
    let mut chart = three_steps();
    let sample = |bytes| {
        vec![
            ResidentSample { at_ns: 0, bytes },
            ResidentSample {
                at_ns: SECOND,
                bytes,
            },
        ]
    };
    chart.resident = sample(100 * MIB);
    let shared = Svg::of(&chart);
    assert!((line(&shared, LIGHT_RESIDENT)[0].1 - y_of_mib(&shared, 100.0)).abs() <= ONE_PX);
    shared.says("resident memory (RSS)");

    chart.resident = sample(900 * MIB);
    let apart = Svg::of(&chart);
    let heap_lowest = line(&apart, LIGHT_HEAP)
        .iter()
        .map(|(_, y)| *y)
        .fold(0.0, f64::max);
    assert!(line(&apart, LIGHT_RESIDENT)[0].1 > heap_lowest);
    apart.says("resident");
}

#[test]
fn a_spike_between_a_million_points_reaches_its_height() {
    let mut chart = three_steps();
    chart.peak = None;
    chart.points = (0..1_000_000)
        .map(|at| HeapPoint::at(at * 4_000, 10 * MIB))
        .collect();
    chart.points[250_000].high_bytes = 80 * MIB;
    let file = chart.draw(&Canvas::svg()).unwrap();
    assert!(file.len() < 100_000, "{} bytes", file.len());
    let svg = Svg::read(&file);
    let highest = line(&svg, LIGHT_HEAP)
        .iter()
        .min_by(|a, b| a.1.total_cmp(&b.1))
        .unwrap();
    assert!((highest.1 - y_of_mib(&svg, 80.0)).abs() <= ONE_PX);
    assert!((highest.0 - x_of_seconds(&svg, 1.0)).abs() <= ONE_PX);
}

#[test]
fn a_heap_that_never_rests_becomes_an_envelope() {
    let mut chart = three_steps();
    let saw = |at: u64| {
        HeapPoint::at(
            at * 4_000_000,
            if at.is_multiple_of(2) {
                20 * MIB
            } else {
                80 * MIB
            },
        )
    };
    chart.points = (0..1_000).map(saw).collect();
    let svg = Svg::of(&chart);
    let tops: Vec<f64> = line(&svg, LIGHT_HEAP).iter().map(|(_, y)| *y).collect();
    assert!(tops.len() < 10, "{tops:?}");
    let [between, sure] = &svg.areas[..] else {
        panic!("{:?}", svg.areas.len())
    };
    let top = |points: &[(f64, f64)]| points.iter().map(|(_, y)| *y).fold(f64::MAX, f64::min);
    assert!((top(&between.1) - y_of_mib(&svg, 80.0)).abs() <= ONE_PX);
    assert!((sure.1[sure.1.len() / 4].1 - y_of_mib(&svg, 20.0)).abs() <= ONE_PX);
}

#[test]
fn marks_are_lines_at_their_moments_with_labels_that_do_not_meet() {
    let mut chart = three_steps();
    chart.marks = [1_000, 1_020, 1_040, 1_060, 2_500]
        .map(|at_ms| Mark {
            at_ns: at_ms * 1_000_000,
            label: format!("error at {at_ms}"),
        })
        .to_vec();
    let svg = Svg::of(&chart);
    let x = x_of_seconds(&svg, 2.5);
    let is_line =
        |left: f64, wide: f64, high: f64| (left - x).abs() <= ONE_PX && wide <= 2.0 && high > 500.0;
    assert!(
        svg.rects
            .iter()
            .any(|rect| is_line(rect.left, rect.wide, rect.high))
    );
    svg.says("error at 2500");
    let crowded = svg
        .texts()
        .iter()
        .filter(|text| text.starts_with("error at 10"))
        .count();
    assert!((1..=3).contains(&crowded), "{:?}", svg.texts());
}
