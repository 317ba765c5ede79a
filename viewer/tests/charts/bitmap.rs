//! The pixels of a bitmap: each colour where the values put it. The positions come from the SVG of the same
//! chart, which is laid out on the same grid.

use ldt_viewer::{Canvas, HeapPoint, Theme, TimelineChart};

use crate::reading::{Pixels, Svg};
use crate::timeline::{LIGHT_HEAP, MIB, three_steps, x_of_seconds, y_of_mib};

const LIGHT_AREA: &str = "#8CC0DC";

#[test]
fn each_colour_is_where_the_values_put_it() {
    let chart = three_steps();
    let svg = Svg::of(&chart);
    for (theme, background, line, area) in [
        (Theme::Light, "#FFFFFF", LIGHT_HEAP, LIGHT_AREA),
        (Theme::Dark, "#16181D", "#56B4E9", "#335E79"),
    ] {
        let canvas = Canvas {
            theme,
            ..Canvas::png()
        };
        let pixels = Pixels::read(&chart.draw(&canvas).unwrap());
        let at = |seconds, mib| pixels.at(x_of_seconds(&svg, seconds), y_of_mib(&svg, mib));
        assert_eq!(at(2.0, 80.0), line, "the line at its value");
        assert_eq!(at(3.5, 20.0), line);
        assert_eq!(at(2.0, 70.0), area, "the heap below it");
        assert_eq!(at(3.5, 10.0), area);
        assert_eq!(at(3.5, 30.0), background, "nothing above it");
        assert_eq!(at(0.5, 30.0), background);
    }
}

#[test]
fn the_area_of_a_ramp_has_no_seams() {
    let chart = TimelineChart {
        to_ns: 4_000_000_000,
        points: (0..2_000)
            .map(|at| HeapPoint::at(at * 2_000_000, 80 * MIB + at * 1_000))
            .collect(),
        ..TimelineChart::default()
    };
    let svg = Svg::of(&chart);
    let pixels = Pixels::read(&chart.draw(&Canvas::png()).unwrap());
    let row = y_of_mib(&svg, 30.0);
    let (left, right) = (x_of_seconds(&svg, 0.0), x_of_seconds(&svg, 4.0));
    for x in left as u32..right as u32 {
        assert_eq!(pixels.at(f64::from(x), row), LIGHT_AREA, "column {x}");
    }
}

#[test]
fn words_come_from_the_font_inside() {
    let chart = three_steps();
    let pixels = Pixels::read(&chart.draw(&Canvas::png()).unwrap());
    let svg = Svg::of(&chart);
    let title = svg.says("Heap of program");
    // The upright stems of the H, half a letter below its top.
    let row = title.y + title.em * 0.4;
    let is_dark = |dx: &u32| pixels.at(title.x + f64::from(*dx), row) == "#1A1C20";
    let dark: Vec<u32> = (0..40).filter(is_dark).collect();
    assert!(
        dark.len() >= 8,
        "two stems, each several pixels wide: {dark:?}"
    );
    assert!(
        dark[0] >= 3,
        "the letter keeps its distance from the one before it: {dark:?}"
    );
}
