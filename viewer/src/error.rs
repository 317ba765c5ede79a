//! What can go wrong with a picture. Figures never do: empty, zero and huge ones are drawn.

use std::fmt;

use crate::picture_size::Size;

/// Why a picture could not be made.
#[derive(Debug)]
#[non_exhaustive]
pub enum Error {
    /// The size is outside what can be drawn legibly and in a bounded amount of memory.
    Size(Size),
    /// The font inside this crate could not be read: the build is damaged.
    Font,
    /// The drawing library refused a shape.
    Drawing(String),
    /// The finished pixels could not be written as PNG.
    Png(png::EncodingError),
}

impl fmt::Display for Error {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Size(size) => write!(
                out,
                "cannot draw a picture of {}x{} pixels at scale {}: width {}, height {} and scale \
                 {} are accepted, and at most {} million pixels after scaling",
                size.width_px,
                size.height_px,
                size.scale,
                in_words(Size::WIDTHS),
                in_words(Size::HEIGHTS),
                in_words(Size::SCALES),
                Size::MOST_DEVICE_PIXELS / 1_000_000,
            ),
            Self::Font => write!(
                out,
                "the font inside ldt cannot be read; the program file is damaged, install it again"
            ),
            Self::Drawing(why) => write!(out, "the chart could not be drawn: {why}"),
            Self::Png(why) => write!(out, "the chart could not be encoded as PNG: {why}"),
        }
    }
}

fn in_words(range: std::ops::RangeInclusive<u32>) -> String {
    format!("{} to {}", range.start(), range.end())
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Png(why) => Some(why),
            _ => None,
        }
    }
}
