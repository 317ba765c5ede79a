//! Words on the page. SVG gets them as text, with families that every browser can fall back to; a
//! bitmap gets the glyphs of the font inside this crate, from `glyphs`.

use ab_glyph::FontRef;
use plotters::element::{Drawable, PointCollection};
use plotters::prelude::DrawingBackend;
use plotters::style::RGBColor;
use plotters_backend::{BackendCoord, DrawingErrorKind, FontTransform};

use super::glyphs::{Anchor, Style, TOP_TO_BASELINE_EM, Weight, advance, embedded_fonts};
use super::{Page, refused};
use crate::error::Error;

/// One line of words, before it has a place.
#[derive(Clone, Copy)]
pub(crate) struct Words<'w> {
    pub(crate) text: &'w str,
    /// The em size in CSS pixels.
    pub(crate) em: f64,
    pub(crate) weight: Weight,
    pub(crate) colour: RGBColor,
}

/// The two faces of the font inside this crate, to measure with.
pub(crate) struct Ruler<'a> {
    regular: FontRef<'a>,
    bold: FontRef<'a>,
}

impl<'a> Ruler<'a> {
    pub(crate) fn new() -> Result<Self, Error> {
        let [regular, bold] = embedded_fonts()?;
        Ok(Self { regular, bold })
    }

    /// How wide words are in CSS pixels.
    pub(crate) fn measure(&self, text: &str, em: f64, weight: Weight) -> f64 {
        f64::from(advance(self.face(weight), em as f32, text))
    }

    fn face(&self, weight: Weight) -> &FontRef<'a> {
        match weight {
            Weight::Regular => &self.regular,
            Weight::Bold => &self.bold,
        }
    }
}

impl<DB: DrawingBackend> Page<'_, DB> {
    /// Words whose baseline runs through `(x, baseline)`.
    pub(crate) fn write(
        &self,
        words: Words<'_>,
        anchor: Anchor,
        (x, baseline): (f64, f64),
    ) -> Result<(), Error> {
        let top = baseline - TOP_TO_BASELINE_EM * words.em;
        self.place(words, anchor, FontTransform::None, (x, top))
    }

    /// Words that run upwards, their baseline through `(baseline, y)`.
    pub(crate) fn write_upwards(
        &self,
        words: Words<'_>,
        anchor: Anchor,
        (baseline, y): (f64, f64),
    ) -> Result<(), Error> {
        let left = baseline - TOP_TO_BASELINE_EM * words.em;
        self.place(words, anchor, FontTransform::Rotate270, (left, y))
    }

    /// How wide words are in CSS pixels.
    pub(crate) fn measure(&self, text: &str, em: f64, weight: Weight) -> f64 {
        self.ruler.measure(text, em, weight)
    }

    fn place(
        &self,
        words: Words<'_>,
        anchor: Anchor,
        turn: FontTransform,
        (x, y): (f64, f64),
    ) -> Result<(), Error> {
        let style = Style {
            face: self.ruler.face(words.weight),
            em_device_px: words.em * self.scale,
            weight: words.weight,
            colour: words.colour,
            anchor,
            turn,
        };
        let placed = Placed {
            text: words.text,
            style,
            at: (self.device(x), self.device(y)),
        };
        self.area.draw(&placed).map_err(refused)
    }
}

struct Placed<'w, 's, 'a> {
    text: &'w str,
    style: Style<'s, 'a>,
    at: BackendCoord,
}

impl<'p> PointCollection<'p, BackendCoord> for &'p Placed<'_, '_, '_> {
    type Point = &'p BackendCoord;
    type IntoIter = std::iter::Once<&'p BackendCoord>;

    fn point_iter(self) -> Self::IntoIter {
        std::iter::once(&self.at)
    }
}

impl<DB: DrawingBackend> Drawable<DB> for Placed<'_, '_, '_> {
    fn draw<I: Iterator<Item = BackendCoord>>(
        &self,
        mut at: I,
        backend: &mut DB,
        _: (u32, u32),
    ) -> Result<(), DrawingErrorKind<DB::ErrorType>> {
        at.next()
            .map_or(Ok(()), |at| backend.draw_text(self.text, &self.style, at))
    }
}
