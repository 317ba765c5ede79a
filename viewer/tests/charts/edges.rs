//! Figures and names at the edge of what can come: all of them give a picture, and all of it is on the page.

use ldt_viewer::{
    Canvas, HeapPoint, Image, Layer, Mark, Peak, ResidentSample, Size, SizeBin, SizesChart, Theme,
    TimelineChart,
};

use crate::reading::{Pixels, Svg};

fn points(points: &[(u64, u64)]) -> TimelineChart {
    let heap = points
        .iter()
        .map(|&(at_ns, bytes)| HeapPoint::at(at_ns, bytes));
    let highest = points.iter().max_by_key(|(_, bytes)| *bytes);
    TimelineChart {
        title: "Heap".into(),
        points: heap.collect(),
        peak: highest.map(|&(at_ns, bytes)| Peak { at_ns, bytes }),
        ..TimelineChart::default()
    }
}

#[test]
fn an_empty_trace_says_so() {
    let mut chart = points(&[]);
    chart.subtitle = "true".into();
    let svg = Svg::of(&chart);
    for text in ["Heap", "true", "Nothing was allocated in this time."] {
        svg.says(text);
    }
}

#[test]
fn a_single_point_can_be_seen() {
    for at_ns in [0, 1, 5_000_000, u64::MAX] {
        let mut chart = points(&[(at_ns, 4_096)]);
        chart.peak = None;
        let svg = Svg::of(&chart);
        svg.assert_within_page(&Canvas::svg());
        assert_eq!(svg.dots.len(), 1, "at {at_ns}");
    }
}

#[test]
fn a_run_of_no_duration_stands_in_the_middle_of_some_time() {
    let mut chart = points(&[(3_000_000, 100), (3_000_000, 200)]);
    chart.from_ns = 3_000_000;
    chart.to_ns = 3_000_000;
    let svg = Svg::of(&chart);
    svg.says("6 ms");
    let label = svg.says("peak 200 B at 3 ms");
    assert!((label.x - svg.x_of(("0", 0.0), ("6 ms", 6.0), 3.0)).abs() <= 2.0);
}

#[test]
fn a_heap_that_stays_empty_is_a_line_on_the_ground() {
    let svg = Svg::of(&points(&[(0, 0), (1_000, 0)]));
    let (_, line) = &svg.lines[0];
    assert!(
        line.iter().all(|(_, y)| (y - svg.grid()[0]).abs() <= 2.0),
        "{line:?}"
    );
}

#[test]
fn values_from_bytes_to_exbibytes_have_their_units() {
    for (bytes, unit) in [
        (7, " B"),
        (7 << 10, " KiB"),
        (7 << 20, " MiB"),
        (7 << 30, " GiB"),
        (7 << 40, " TiB"),
        (u64::MAX, " EiB"),
    ] {
        let svg = Svg::of(&points(&[(0, 0), (1_000_000, bytes), (2_000_000, 0)]));
        svg.assert_within_page(&Canvas::svg());
        let labels = svg
            .words
            .iter()
            .filter(|words| words.anchor == "end" && words.text != "0");
        let texts: Vec<&str> = labels.map(|words| words.text.as_str()).collect();
        assert!(
            texts.len() >= 2 && texts.iter().all(|text| text.ends_with(unit)),
            "{texts:?}"
        );
    }
}

#[test]
fn names_of_5000_characters_are_shortened_in_the_middle() {
    let name = |start: &str| format!("{start}<{}>::end", "std::pair<int, int>, ".repeat(250));
    let mut chart = points(&[(0, 1), (10, 2)]);
    chart.title = name("title");
    chart.subtitle = name("command");
    chart.layers = vec![Layer {
        name: name("layer"),
        bytes: vec![1, 1],
    }];
    chart.marks = vec![Mark {
        at_ns: 5,
        label: name("mark"),
    }];
    let svg = Svg::of(&chart);
    svg.assert_within_page(&Canvas::svg());
    for start in ["title", "command", "layer", "mark"] {
        let text = svg
            .texts()
            .into_iter()
            .find(|text| text.starts_with(start))
            .unwrap();
        assert!(text.contains('…') && text.ends_with("::end"), "{text}");
    }
}

#[test]
fn names_cannot_break_the_file() {
    let mut chart = points(&[(0, 1), (10, 2)]);
    chart.title = "<script>alert('1')</script> & \u{0}\u{1b}[31m\u{fffe}".into();
    chart.subtitle = "--text=\"]]>\"\n--next".into();
    let svg = Svg::of(&chart);
    assert_eq!(
        svg.title,
        "<script>alert('1')</script> & \u{fffd}\u{fffd}[31m\u{fffd}"
    );
    svg.says("--text=\"]]>\" --next");
}

#[test]
fn contradicting_figures_are_drawn_within_the_plot() {
    let mut chart = points(&[(50, 10), (0, 20), (100, 5)]);
    chart.from_ns = 90;
    chart.to_ns = 10;
    chart.peak = Some(Peak {
        at_ns: 500,
        bytes: 7,
    });
    chart.layers = vec![
        Layer {
            name: "too large".into(),
            bytes: vec![u64::MAX, u64::MAX]
        };
        9
    ];
    chart.resident = vec![ResidentSample {
        at_ns: 700,
        bytes: 0,
    }];
    Svg::of(&chart).assert_within_page(&Canvas::svg());
    let bins = vec![
        SizeBin {
            from_bytes: 99,
            to_bytes: 3,
            allocations: 0,
            bytes: u64::MAX,
            usable_bytes: 7
        };
        3
    ];
    let sizes = SizesChart {
        bins,
        ..SizesChart::default()
    };
    Svg::read(&sizes.draw(&Canvas::svg()).unwrap()).assert_within_page(&Canvas::svg());
}

#[test]
fn every_size_and_theme_gives_a_picture() {
    let mut chart = points(&[(0, 1), (10, 2), (20, 0)]);
    chart.layers = vec![
        Layer {
            name: "name".into(),
            bytes: vec![1, 1]
        };
        6
    ];
    for (width_px, height_px, scale) in [
        (200, 120, 1),
        (200, 4_000, 1),
        (16_384, 120, 1),
        (640, 480, 3),
    ] {
        for theme in [Theme::Light, Theme::Dark] {
            let size = Size {
                width_px,
                height_px,
                scale,
            };
            let canvas = |image| Canvas { image, theme, size };
            let svg = Svg::read(&chart.draw(&canvas(Image::Svg)).unwrap());
            svg.assert_within_page(&canvas(Image::Svg));
            let pixels = Pixels::read(&chart.draw(&canvas(Image::Png)).unwrap());
            assert_eq!(
                (pixels.wide, pixels.high),
                (width_px * scale, height_px * scale)
            );
        }
    }
}
