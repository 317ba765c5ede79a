//! Draws. This crate owns the shapes that it can draw and knows no trace and no symbol: whoever has
//! figures fills in a chart and gets the bytes of a PNG or SVG file back.
//!
//! ```
//! use ldt_viewer::{Canvas, HeapPoint, Peak, TimelineChart};
//!
//! let chart = TimelineChart {
//!     title: "Heap of true".into(),
//!     points: vec![HeapPoint::at(0, 0), HeapPoint::at(2_000_000, 4096)],
//!     to_ns: 5_000_000,
//!     peak: Some(Peak { at_ns: 2_000_000, bytes: 4096 }),
//!     ..TimelineChart::default()
//! };
//! let svg: Vec<u8> = chart.draw(&Canvas::svg())?;
//! # assert!(svg.starts_with(b"<svg"));
//! # Ok::<(), ldt_viewer::Error>(())
//! ```
//!
//! What can be drawn, one folder each: [`TimelineChart`] and [`SizesChart`]. What they share is
//! [`Canvas`] (format, theme and size of the picture), `page` (primitives, words, header, legend),
//! `units` (figures as people read them) and `panel` (a plot with its axes).
#![forbid(unsafe_code)]

mod canvas;
mod error;
mod flame;
mod frames;
mod page;
mod palette;
mod panel;
mod sizes;
mod timeline;
mod units;

pub use canvas::{Canvas, Image, Size};
pub use error::Error;
pub use flame::{FlameDifference, FlameGraph, Unit};
pub use frames::{Frame, FrameName, FrameTree};
pub use palette::Theme;
pub use sizes::{SizeBin, SizesChart};
pub use timeline::{HeapPoint, Layer, Mark, Peak, ResidentSample, TimelineChart};
