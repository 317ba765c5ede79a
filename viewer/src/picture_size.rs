//! How large a picture is.

use std::ops::RangeInclusive;

/// How large a picture is shown, and how finely it is drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Size {
    /// The width at which it is shown, in CSS pixels.
    pub width_px: u32,
    /// The height at which it is shown, in CSS pixels.
    pub height_px: u32,
    /// Device pixels to a CSS pixel: 1 for plain screens, 2 for sharp ones and for print.
    pub scale: u32,
}

impl Size {
    /// Widths that leave room for a plot between its labels.
    pub const WIDTHS: RangeInclusive<u32> = 200..=16_384;
    /// Heights that leave room for a plot under its title.
    pub const HEIGHTS: RangeInclusive<u32> = 120..=16_384;
    /// Scales beyond which no screen goes.
    pub const SCALES: RangeInclusive<u32> = 1..=8;
    /// Bounds the memory of a bitmap to 192 MB, whatever size was asked for.
    pub const MOST_DEVICE_PIXELS: u64 = 64_000_000;

    /// Width and height in device pixels; `None` for a size that is not accepted.
    pub(crate) fn in_device_pixels(self) -> Option<(u32, u32)> {
        let accepted = Self::WIDTHS.contains(&self.width_px)
            && Self::HEIGHTS.contains(&self.height_px)
            && Self::SCALES.contains(&self.scale);
        if !accepted {
            return None;
        }
        let (wide, high) = (self.width_px * self.scale, self.height_px * self.scale);
        (u64::from(wide) * u64::from(high) <= Self::MOST_DEVICE_PIXELS).then_some((wide, high))
    }
}

impl Default for Size {
    fn default() -> Self {
        Self {
            width_px: 1200,
            height_px: 600,
            scale: 2,
        }
    }
}
