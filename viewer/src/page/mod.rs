//! One page on which a chart is drawn, in CSS pixels: rectangles, stairs, dots and words. Nothing
//! here knows what a chart is; everything here knows that plotters draws on whole device pixels.
//!
//! Every edge is snapped to a device pixel. That is what makes the pictures crisp, and since a heap
//! only ever goes up and down in steps, its outline has no slopes that would want smoothing.

mod glyphs;
mod heading;
mod legend;
mod stairs;
mod wording;
mod words;

use plotters::coord::Shift;
use plotters::drawing::{DrawingArea, DrawingAreaErrorKind};
use plotters::prelude::{Circle, DrawingBackend, Rectangle};
use plotters::style::{Color, RGBColor};

use crate::error::Error;
use crate::palette::{Palette, Theme};
use crate::picture_size::Size;

pub(crate) use glyphs::{Anchor, Weight};
pub(crate) use heading::Heading;
pub(crate) use legend::{Entry, Legend, Swatch};
pub(crate) use stairs::Stair;
pub(crate) use wording::{printable, shorten_middle};
pub(crate) use words::{Ruler, Words};

/// How stairs reach the backend.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum StairsAs {
    /// As one polygon or path: small in a file, and joined in any magnification.
    Outline,
    /// As upright rectangles: plotters' bitmap rasterizer is exact for nothing else.
    Rectangles,
}

/// The page. Positions and lengths are in CSS pixels unless a name says device pixels.
pub(crate) struct Page<'a, DB: DrawingBackend> {
    area: DrawingArea<DB, Shift>,
    stairs_as: StairsAs,
    scale: f64,
    pub(crate) width: f64,
    pub(crate) height: f64,
    pub(crate) palette: &'static Palette,
    ruler: Ruler<'a>,
}

impl<DB: DrawingBackend> Page<'_, DB> {
    /// The distance between everything and the border of the page.
    pub(crate) const MARGIN: f64 = 16.0;

    /// An empty page in the theme's background.
    pub(crate) fn new(
        area: DrawingArea<DB, Shift>,
        stairs_as: StairsAs,
        size: Size,
        theme: Theme,
    ) -> Result<Self, Error> {
        let palette = theme.palette();
        area.fill(&palette.background).map_err(refused)?;
        Ok(Self {
            area,
            stairs_as,
            scale: f64::from(size.scale),
            width: f64::from(size.width_px),
            height: f64::from(size.height_px),
            palette,
            ruler: Ruler::new()?,
        })
    }

    pub(crate) fn finish(self) -> Result<(), Error> {
        self.area.present().map_err(refused)
    }

    /// The device pixel at whose edge a position lies.
    pub(crate) fn device(&self, position: f64) -> i32 {
        (position * self.scale).round() as i32
    }

    /// The thinnest line that still reads: one CSS pixel.
    pub(crate) fn hairline(&self) -> i32 {
        self.scale as i32
    }

    /// A filled rectangle from its left and top edges to its right and bottom ones.
    pub(crate) fn rectangle(
        &self,
        [left, top, right, bottom]: [f64; 4],
        colour: RGBColor,
    ) -> Result<(), Error> {
        let edges = [left, top, right, bottom].map(|edge| self.device(edge));
        self.device_rectangle(edges, colour)
    }

    pub(crate) fn device_rectangle(
        &self,
        [left, top, right, bottom]: [i32; 4],
        colour: RGBColor,
    ) -> Result<(), Error> {
        if left >= right || top >= bottom {
            return Ok(());
        }
        self.area
            .draw(&Rectangle::new(
                [(left, top), (right, bottom)],
                colour.filled(),
            ))
            .map_err(refused)
    }

    /// A hairline from left to right whose middle lies at `y`.
    pub(crate) fn level(
        &self,
        left: f64,
        right: f64,
        y: f64,
        colour: RGBColor,
    ) -> Result<(), Error> {
        let top = self.device(y) - self.hairline() / 2;
        let edges = [
            self.device(left),
            top,
            self.device(right),
            top + self.hairline(),
        ];
        self.device_rectangle(edges, colour)
    }

    /// A hairline from top to bottom whose middle lies at `x`.
    pub(crate) fn plumb(
        &self,
        x: f64,
        top: f64,
        bottom: f64,
        colour: RGBColor,
    ) -> Result<(), Error> {
        let left = self.device(x) - self.hairline() / 2;
        let edges = [
            left,
            self.device(top),
            left + self.hairline(),
            self.device(bottom),
        ];
        self.device_rectangle(edges, colour)
    }

    /// A filled circle.
    pub(crate) fn dot(&self, x: f64, y: f64, radius: f64, colour: RGBColor) -> Result<(), Error> {
        let centre = (self.device(x), self.device(y));
        self.area
            .draw(&Circle::new(centre, self.device(radius), colour.filled()))
            .map_err(refused)
    }
}

fn refused<E: std::error::Error + Send + Sync>(why: DrawingAreaErrorKind<E>) -> Error {
    Error::Drawing(why.to_string())
}
