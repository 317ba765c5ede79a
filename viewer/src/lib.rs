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
//! What can be drawn, a folder each: [`TimelineChart`], [`RatesChart`], [`SizesChart`], [`LifetimesChart`] and
//! [`AgesChart`], [`ThreadsChart`] and [`ChangesChart`], [`FlameGraph`] and [`FlameDifference`]. What they
//! share is [`Canvas`] (format, theme and size of the picture), `page` (primitives, words, header, legend),
//! `units` (figures as people read them), `panel` (a plot with its axes), `histogram` (panels of bars) and
//! [`FrameTree`] (call stacks merged).
#![forbid(unsafe_code)]

mod canvas;
mod durations;
mod error;
mod flame;
mod frames;
mod histogram;
pub mod html;
mod page;
mod palette;
mod panel;
mod picture_size;
mod rates;
mod rows;
mod sizes;
mod timeline;
mod units;

pub use canvas::{Canvas, Image};
pub use durations::{AgesChart, DurationBin, LifetimesChart};
pub use error::Error;
pub use flame::{FlameDifference, FlameGraph};
pub use frames::{Frame, FrameName, FrameTree};
pub use palette::Theme;
pub use picture_size::Size;
pub use rates::{RateBin, RatesChart};
pub use rows::{ChangeRow, ChangesChart, ThreadRow, ThreadsChart};
pub use sizes::{SizeBin, SizesChart};
pub use timeline::{HeapPoint, Layer, Mark, Peak, ResidentSample, TimelineChart};
pub use units::Unit;
