//! The picture that is asked for: which file format, which theme, how large. And the two ways in
//! which a finished page becomes the bytes of a file.
//!
//! Both formats are laid out on one grid of device pixels (`scale` of them to a CSS pixel), so an SVG
//! and a PNG of the same canvas agree to the pixel, and a PNG at scale 2 is sharp on a 2x screen.

use plotters::prelude::{BitMapBackend, DrawingBackend, IntoDrawingArea, SVGBackend};

use crate::error::Error;
use crate::page::{Heading, Page, StairsAs, printable};
use crate::palette::Theme;
use crate::picture_size::Size;

/// The file format of a picture.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Image {
    /// A vector picture with selectable text, in UTF-8.
    Svg,
    /// A bitmap of 8-bit RGB.
    Png,
}

/// What a chart is drawn on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Canvas {
    /// The file format.
    pub image: Image,
    /// Dark ink on white or light ink on black.
    pub theme: Theme,
    /// Width, height and scale.
    pub size: Size,
}

/// Something that knows how to draw itself on a page of any backend.
pub(crate) trait Picture {
    /// What stands above it; the title is its name for those who cannot see it, too.
    fn heading(&self) -> Heading<'_>;

    /// Draws the rest, which begins at `top`.
    fn paint<DB: DrawingBackend>(&self, page: &Page<'_, DB>, top: f64) -> Result<(), Error>;
}

impl Canvas {
    /// Width and height in device pixels, or the error that names the accepted sizes.
    pub(crate) fn in_device_pixels(&self) -> Result<(u32, u32), Error> {
        self.size.in_device_pixels().ok_or(Error::Size(self.size))
    }

    /// A light SVG of the default size.
    pub fn svg() -> Self {
        Self {
            image: Image::Svg,
            theme: Theme::Light,
            size: Size::default(),
        }
    }

    /// A light PNG of the default size.
    pub fn png() -> Self {
        Self {
            image: Image::Png,
            ..Self::svg()
        }
    }

    /// The bytes of a file that shows `picture`.
    pub(crate) fn render(&self, picture: &impl Picture) -> Result<Vec<u8>, Error> {
        match self.image {
            Image::Svg => self.svg_file(picture),
            Image::Png => self.png_file(picture),
        }
    }

    fn svg_file(&self, picture: &impl Picture) -> Result<Vec<u8>, Error> {
        let device_px = self.in_device_pixels()?;
        let mut drawn = String::new();
        let area = SVGBackend::with_string(&mut drawn, device_px).into_drawing_area();
        self.fill_page(area, StairsAs::Outline, picture)?;
        // plotters shows an SVG at the size of its grid and gives it no name; only the head differs.
        let (_, body) = drawn
            .split_once('>')
            .ok_or_else(|| Error::Drawing("the SVG backend wrote no document".into()))?;
        let (
            Size {
                width_px,
                height_px,
                ..
            },
            (wide, high),
        ) = (self.size, device_px);
        let name = printable(picture.heading().title)
            .replace('&', "&amp;")
            .replace('<', "&lt;");
        Ok(format!(
            "<svg width=\"{width_px}\" height=\"{height_px}\" viewBox=\"0 0 {wide} {high}\" \
             role=\"img\" xmlns=\"http://www.w3.org/2000/svg\">\n<title>{name}</title>{body}"
        )
        .into_bytes())
    }

    /// plotters' own encoder (feature `bitmap_encoder`) writes to a path only, and brings JPEG along;
    /// the plain `png` crate writes into memory.
    fn png_file(&self, picture: &impl Picture) -> Result<Vec<u8>, Error> {
        const METRE_IN_CSS_PIXELS: u32 = 3780;
        let (wide, high) = self.in_device_pixels()?;
        let mut pixels = vec![0; wide as usize * high as usize * 3];
        let area = BitMapBackend::with_buffer(&mut pixels, (wide, high)).into_drawing_area();
        self.fill_page(area, StairsAs::Rectangles, picture)?;

        let mut file = Vec::new();
        let mut encoder = png::Encoder::new(&mut file, wide, high);
        encoder.set_color(png::ColorType::Rgb);
        encoder.set_depth(png::BitDepth::Eight);
        // So that a viewer that honours it shows a scale-2 picture at the size that was asked for.
        let per_metre = METRE_IN_CSS_PIXELS * self.size.scale;
        encoder.set_pixel_dims(Some(png::PixelDimensions {
            xppu: per_metre,
            yppu: per_metre,
            unit: png::Unit::Meter,
        }));
        let mut writer = encoder.write_header().map_err(Error::Png)?;
        writer.write_image_data(&pixels).map_err(Error::Png)?;
        writer.finish().map_err(Error::Png)?;
        Ok(file)
    }

    fn fill_page<DB: DrawingBackend>(
        &self,
        area: plotters::drawing::DrawingArea<DB, plotters::coord::Shift>,
        stairs_as: StairsAs,
        picture: &impl Picture,
    ) -> Result<(), Error> {
        let page = Page::new(area, stairs_as, self.size, self.theme)?;
        let top = picture.heading().write(&page)?;
        picture.paint(&page, top)?;
        page.finish()
    }
}
