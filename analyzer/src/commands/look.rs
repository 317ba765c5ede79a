//! What the commands that draw have in common: where the picture goes, its form, its theme and its size.

use crate::failure::Failure;
use crate::output::{is_standard_output, keep_off_terminal, write_to};
use ldt_viewer::{Canvas, Image, Size};
use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::str::FromStr;

/// How a picture looks.
#[derive(Debug, clap::Args)]
pub(super) struct Look {
    /// The colors
    #[arg(long, value_enum, default_value_t = Theme::Light)]
    theme: Theme,
    /// Width and height of the picture in pixels; a flame graph is as high as its stacks are deep
    #[arg(long, value_name = "WIDTHxHEIGHT", default_value = "1200x600")]
    size: Extent,
    /// Pixels of a PNG for each of these: 2 is sharp on fine screens and in print
    #[arg(long, value_name = "N", default_value_t = 2, value_parser = clap::value_parser!(u32).range(1..=8))]
    scale: u32,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum Theme {
    Light,
    Dark,
}

/// Width and height.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Extent {
    width_px: u32,
    height_px: u32,
}

impl FromStr for Extent {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let sides = text.split_once('x').and_then(|(width, height)| {
            Some(Extent {
                width_px: width.parse().ok()?,
                height_px: height.parse().ok()?,
            })
        });
        let (widths, heights) = (Size::WIDTHS, Size::HEIGHTS);
        let is_accepted = |extent: &Extent| {
            widths.contains(&extent.width_px) && heights.contains(&extent.height_px)
        };
        sides.filter(is_accepted).ok_or_else(|| {
            format!(
                "WIDTHxHEIGHT is accepted, such as 1200x600, from {}x{} to {}x{}",
                widths.start(),
                heights.start(),
                widths.end(),
                heights.end()
            )
        })
    }
}

impl Look {
    /// What a picture for this file is drawn on; `piped` is the form that standard output has, where it can be given.
    pub(super) fn canvas(
        &self,
        option: &str,
        path: &Path,
        piped: Option<Image>,
    ) -> Result<Canvas, Failure> {
        let image = match piped.filter(|_| is_standard_output(path)) {
            Some(image) => image,
            None => image_of(option, path)?,
        };
        if image == Image::Png {
            keep_off_terminal(Some(path))?;
        }
        Ok(Canvas {
            image,
            theme: match self.theme {
                Theme::Light => ldt_viewer::Theme::Light,
                Theme::Dark => ldt_viewer::Theme::Dark,
            },
            size: Size {
                width_px: self.size.width_px,
                height_px: self.size.height_px,
                scale: self.scale,
            },
        })
    }
}

/// Writes a picture that was drawn.
pub(super) fn save(path: &Path, drawn: Result<Vec<u8>, ldt_viewer::Error>) -> Result<(), Failure> {
    let picture = drawn.map_err(|error| Failure::own(error.to_string()))?;
    write_to(Some(path), |out| out.write_all(&picture))
}

/// `TRACE.WHAT.ENDING` in the present folder.
pub(super) fn default_path(trace: &Path, what: &str, ending: &str) -> PathBuf {
    let mut name = trace.file_name().unwrap_or(OsStr::new("ldt")).to_owned();
    name.push(format!(".{what}.{ending}"));
    PathBuf::from(name)
}

fn image_of(option: &str, path: &Path) -> Result<Image, Failure> {
    let ending = path.extension().map(OsStr::to_ascii_lowercase);
    match ending.as_deref().and_then(OsStr::to_str) {
        Some("png") => Ok(Image::Png),
        Some("svg") => Ok(Image::Svg),
        _ => Err(Failure::own(format!(
            "invalid value '{}' for '{option}': its ending says the form; .png and .svg are accepted",
            path.display()
        ))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_read_and_bad_ones_say_what_is_accepted() {
        let read = |text: &str| text.parse::<Extent>();
        let extent = Extent {
            width_px: 800,
            height_px: 400,
        };
        assert_eq!(read("800x400"), Ok(extent));
        for bad in [
            "800",
            "x",
            "800x",
            "10x10",
            "800x400x2",
            "99999x400",
            "-1x5",
        ] {
            assert!(
                read(bad).is_err_and(|said| said.contains("200x120")),
                "{bad}"
            );
        }
    }
}
