//! Formats, sizes and scales.

use ldt_viewer::{Canvas, Error, HeapPoint, Image, Size, Theme, TimelineChart};

use crate::reading::{Pixels, Svg};

fn chart() -> TimelineChart {
    TimelineChart {
        title: "Heap of program".into(),
        points: vec![HeapPoint::at(0, 10), HeapPoint::at(1_000, 20)],
        ..TimelineChart::default()
    }
}

fn canvas(image: Image, width_px: u32, height_px: u32, scale: u32) -> Canvas {
    Canvas {
        image,
        theme: Theme::Light,
        size: Size {
            width_px,
            height_px,
            scale,
        },
    }
}

#[test]
fn a_picture_at_twice_the_scale_has_twice_the_pixels_at_the_same_size() {
    let of_scale =
        |scale| Pixels::read(&chart().draw(&canvas(Image::Png, 800, 400, scale)).unwrap());
    let (one, two) = (of_scale(1), of_scale(2));
    assert_eq!((one.wide, one.high), (800, 400));
    assert_eq!((two.wide, two.high), (1_600, 800));
    assert_eq!(two.per_metre, one.per_metre.map(|density| density * 2));

    let svg = Svg::read(&chart().draw(&canvas(Image::Svg, 800, 400, 2)).unwrap());
    assert_eq!(svg.shown_at, (800.0, 400.0));
}

#[test]
fn sizes_that_cannot_be_drawn_are_refused_with_the_accepted_ones() {
    for (width_px, height_px, scale) in [
        (0, 0, 0),
        (199, 600, 1),
        (1200, 119, 1),
        (1200, 600, 9),
        (16_384, 16_384, 8),
        (u32::MAX, u32::MAX, u32::MAX),
    ] {
        for image in [Image::Svg, Image::Png] {
            let error = chart()
                .draw(&canvas(image, width_px, height_px, scale))
                .unwrap_err();
            assert!(matches!(error, Error::Size(_)));
            let said = error.to_string();
            assert!(said.contains(&format!("{width_px}x{height_px}")), "{said}");
            assert!(said.contains("200 to 16384"), "{said}");
        }
    }
}

#[test]
fn the_same_figures_give_the_same_file() {
    for canvas in [Canvas::svg(), Canvas::png()] {
        assert_eq!(
            chart().draw(&canvas).unwrap(),
            chart().draw(&canvas).unwrap()
        );
    }
}
