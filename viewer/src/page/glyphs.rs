//! The font inside this crate, and how its letters reach a bitmap. SVG takes from here only the style of the words.
//!
//! plotters' own `ab_glyph` feature was tried: it drops each glyph's left side bearing and rounds it
//! to a whole pixel, which sets small words visibly askew, and sizes text 6% larger in bitmaps than in
//! SVG. [`Style`] plugs into the same seam (`BackendTextStyle`) and places each glyph where it belongs.

use ab_glyph::{Font, FontRef, Glyph, InvalidFont, PxScale, ScaleFont, point};
use plotters::style::RGBColor;
use plotters_backend::text_anchor::{HPos, Pos, VPos};
use plotters_backend::{
    BackendColor, BackendCoord, BackendTextStyle, FontFamily, FontStyle, FontTransform,
};

use crate::error::Error;

/// How heavy a word is.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Weight {
    Regular,
    Bold,
}

/// Which part of the words lies at the position that is given for them.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Anchor {
    Start,
    Middle,
    End,
}

const FAMILIES: &str = "DejaVu Sans, Verdana, sans-serif";

/// Where plotters' SVG backend puts the baseline below a top anchor, in ems.
pub(super) const TOP_TO_BASELINE_EM: f64 = 0.76;

/// plotters writes sizes into SVG divided by this.
const PLOTTERS_SIZE_TO_EM: f64 = 1.24;

/// The two faces that are compiled in.
pub(super) fn embedded_fonts<'a>() -> Result<[FontRef<'a>; 2], Error> {
    let read = |bytes: &'static [u8]| FontRef::try_from_slice(bytes).map_err(|_| Error::Font);
    Ok([
        read(include_bytes!("../../font/DejaVuSans.ttf"))?,
        read(include_bytes!("../../font/DejaVuSans-Bold.ttf"))?,
    ])
}

/// ab_glyph scales by the height of a line; everybody else by the em.
fn line_height(face: &FontRef<'_>, em: f32) -> PxScale {
    PxScale::from(em * face.height_unscaled() / face.units_per_em().unwrap_or(2048.0))
}

/// Each glyph with its place on a line that starts at 0.
fn glyphs(face: &FontRef<'_>, em: f32, text: &str) -> impl Iterator<Item = (f32, Glyph)> {
    let scale = line_height(face, em);
    let scaled = face.as_scaled(scale);
    let (mut x, mut before) = (0.0, None);
    text.chars().map(move |letter| {
        let id = scaled.glyph_id(letter);
        x += before.map_or(0.0, |before| scaled.kern(before, id));
        before = Some(id);
        let start = x;
        x += scaled.h_advance(id);
        (x, id.with_scale_and_position(scale, point(start, 0.0)))
    })
}

/// How wide a line is.
pub(super) fn advance(face: &FontRef<'_>, em: f32, text: &str) -> f32 {
    glyphs(face, em, text).last().map_or(0.0, |(end, _)| end)
}

/// A face, a size, a colour and a place, in device pixels.
pub(super) struct Style<'s, 'a> {
    pub(super) face: &'s FontRef<'a>,
    pub(super) em_device_px: f64,
    pub(super) weight: Weight,
    pub(super) colour: RGBColor,
    pub(super) anchor: Anchor,
    pub(super) turn: FontTransform,
}

impl BackendTextStyle for Style<'_, '_> {
    type FontError = InvalidFont;

    fn color(&self) -> BackendColor {
        let RGBColor(red, green, blue) = self.colour;
        BackendColor {
            alpha: 1.0,
            rgb: (red, green, blue),
        }
    }

    fn size(&self) -> f64 {
        self.em_device_px * PLOTTERS_SIZE_TO_EM
    }

    fn transform(&self) -> FontTransform {
        self.turn.clone()
    }

    fn style(&self) -> FontStyle {
        match self.weight {
            Weight::Regular => FontStyle::Normal,
            Weight::Bold => FontStyle::Bold,
        }
    }

    fn anchor(&self) -> Pos {
        let across = match self.anchor {
            Anchor::Start => HPos::Left,
            Anchor::Middle => HPos::Center,
            Anchor::End => HPos::Right,
        };
        Pos::new(across, VPos::Top)
    }

    fn family(&self) -> FontFamily<'_> {
        FontFamily::Name(FAMILIES)
    }

    fn layout_box(&self, text: &str) -> Result<((i32, i32), (i32, i32)), InvalidFont> {
        let em = self.em_device_px as f32;
        let wide = advance(self.face, em, text).round() as i32;
        Ok(((0, 0), (wide, em.round() as i32)))
    }

    fn draw<E, Pixel: FnMut(i32, i32, BackendColor) -> Result<(), E>>(
        &self,
        text: &str,
        (left, top): BackendCoord,
        mut pixel: Pixel,
    ) -> Result<Result<(), E>, InvalidFont> {
        let baseline = top + (TOP_TO_BASELINE_EM * self.em_device_px).round() as i32;
        for (_, glyph) in glyphs(self.face, self.em_device_px as f32, text) {
            let Some(outline) = self.face.outline_glyph(glyph) else {
                continue; // a space
            };
            let corner = outline.px_bounds().min;
            let (x0, y0) = (left + corner.x as i32, baseline + corner.y as i32);
            let mut drawn = Ok(());
            outline.draw(|x, y, coverage| {
                if drawn.is_ok() && coverage > 0.0 {
                    let alpha = f64::from(coverage.min(1.0));
                    let colour = BackendColor {
                        alpha,
                        ..self.color()
                    };
                    drawn = pixel(x0 + x as i32, y0 + y as i32, colour);
                }
            });
            if drawn.is_err() {
                return Ok(drawn);
            }
        }
        Ok(Ok(()))
    }
}
