//! The colours of the two themes. Series colours are those of Okabe and Ito, which stay apart for
//! every common kind of colour blindness, darkened or lightened to stand out from each background; the tests
//! below hold them to that with figures.
//!
//! All fills are opaque: a mixture with the background is computed here. Half-transparent shapes would
//! let plotters' bitmap rasterizer draw the pixels that two of them share twice, as visible seams.

use plotters::style::RGBColor;

/// Dark ink on white, or light ink on near-black.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Theme {
    /// For paper, tickets and light pages.
    Light,
    /// For dark pages.
    Dark,
}

/// The colours by what they are for.
pub(crate) struct Palette {
    pub(crate) background: RGBColor,
    /// Titles and the marked peak.
    pub(crate) ink: RGBColor,
    /// Tick labels and subtitles.
    pub(crate) muted: RGBColor,
    /// The lines of the axes.
    pub(crate) axis: RGBColor,
    /// The heap, and the first of two bar panels.
    pub(crate) heap: RGBColor,
    /// Resident memory, and the second of two bar panels.
    pub(crate) resident: RGBColor,
    /// The top call stacks, from the bottom of the stack up.
    pub(crate) layers: [RGBColor; 6],
    /// What no layer names.
    pub(crate) rest: RGBColor,
    /// What is more than before, and what is less.
    pub(crate) grew: RGBColor,
    pub(crate) shrank: RGBColor,
}

const LIGHT: Palette = Palette {
    background: RGBColor(255, 255, 255),
    ink: RGBColor(26, 28, 32),
    muted: RGBColor(89, 93, 102),
    axis: RGBColor(134, 139, 150),
    heap: RGBColor(0, 114, 178),
    resident: RGBColor(200, 80, 0),
    layers: [
        RGBColor(0, 114, 178),
        RGBColor(230, 159, 0),
        RGBColor(0, 158, 115),
        RGBColor(204, 121, 167),
        RGBColor(240, 228, 66),
        RGBColor(86, 180, 233),
    ],
    rest: RGBColor(205, 208, 214),
    grew: RGBColor(196, 40, 28),
    shrank: RGBColor(0, 104, 178),
};

const DARK: Palette = Palette {
    background: RGBColor(22, 24, 29),
    ink: RGBColor(236, 237, 240),
    muted: RGBColor(170, 176, 187),
    axis: RGBColor(110, 117, 130),
    heap: RGBColor(86, 180, 233),
    resident: RGBColor(255, 145, 70),
    layers: [
        RGBColor(60, 140, 205),
        RGBColor(230, 159, 0),
        RGBColor(0, 158, 115),
        RGBColor(204, 121, 167),
        RGBColor(240, 228, 66),
        RGBColor(130, 205, 245),
    ],
    rest: RGBColor(82, 87, 97),
    grew: RGBColor(255, 118, 104),
    shrank: RGBColor(86, 180, 233),
};

impl Theme {
    pub(crate) fn palette(self) -> &'static Palette {
        match self {
            Self::Light => &LIGHT,
            Self::Dark => &DARK,
        }
    }
}

impl Palette {
    /// `part` (0 to 1) of `colour`, the rest of it background.
    pub(crate) fn tint(&self, colour: RGBColor, part: f64) -> RGBColor {
        let mix = |over: u8, under: u8| {
            (f64::from(over) * part + f64::from(under) * (1.0 - part)).round() as u8
        };
        RGBColor(
            mix(colour.0, self.background.0),
            mix(colour.1, self.background.1),
            mix(colour.2, self.background.2),
        )
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    fn linear(RGBColor(red, green, blue): RGBColor) -> [f64; 3] {
        [red, green, blue].map(|channel| {
            let part = f64::from(channel) / 255.0;
            if part <= 0.04045 {
                part / 12.92
            } else {
                ((part + 0.055) / 1.055).powf(2.4)
            }
        })
    }

    /// The contrast ratio of WCAG 2, from 1 to 21.
    pub(crate) fn contrast(one: RGBColor, other: RGBColor) -> f64 {
        let [a, b] = [one, other].map(|colour| {
            let [red, green, blue] = linear(colour);
            0.2126 * red + 0.7152 * green + 0.0722 * blue + 0.05
        });
        a.max(b) / a.min(b)
    }

    fn times(matrix: &[[f64; 3]; 3], vector: [f64; 3]) -> [f64; 3] {
        matrix.map(|row| row.iter().zip(vector).map(|(a, b)| a * b).sum())
    }

    /// CIE L*a*b* of linear sRGB, in which distances are about what eyes tell apart.
    fn lab(rgb: [f64; 3]) -> [f64; 3] {
        const TO_XYZ: [[f64; 3]; 3] = [
            [0.4339, 0.3762, 0.1899],
            [0.2126, 0.7152, 0.0722],
            [0.0177, 0.1095, 0.8728],
        ];
        let [x, y, z] = times(&TO_XYZ, rgb.map(|part| part.clamp(0.0, 1.0))).map(f64::cbrt);
        [116.0 * y - 16.0, 500.0 * (x - y), 200.0 * (y - z)]
    }

    /// Machado, Oliveira and Fernandes 2009, full deficiency.
    const SIGHTS: [[[f64; 3]; 3]; 4] = [
        [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]],
        [
            [0.152286, 1.052583, -0.204868],
            [0.114503, 0.786281, 0.099216],
            [-0.003882, -0.048116, 1.051998],
        ],
        [
            [0.367322, 0.860646, -0.227968],
            [0.280085, 0.672501, 0.047413],
            [-0.011820, 0.042940, 0.968881],
        ],
        [
            [1.255528, -0.076749, -0.178779],
            [-0.078411, 0.930809, 0.147602],
            [0.004733, 0.691367, 0.303900],
        ],
    ];

    fn distance(one: RGBColor, other: RGBColor, sight: &[[f64; 3]; 3]) -> f64 {
        let [a, b] = [one, other].map(|colour| lab(times(sight, linear(colour))));
        a.iter()
            .zip(b)
            .map(|(a, b)| (a - b).powi(2))
            .sum::<f64>()
            .sqrt()
    }

    #[test]
    fn words_and_lines_stand_out_from_the_background() {
        for theme in [Theme::Light, Theme::Dark] {
            let palette = theme.palette();
            for words in [palette.ink, palette.muted, palette.grew, palette.shrank] {
                assert!(
                    contrast(words, palette.background) >= 4.5,
                    "{theme:?} {words:?}"
                );
            }
            for line in [palette.heap, palette.resident, palette.axis] {
                assert!(
                    contrast(line, palette.background) >= 3.0,
                    "{theme:?} {line:?}"
                );
            }
        }
    }

    #[test]
    fn neighbours_stay_apart_for_every_kind_of_sight() {
        for theme in [Theme::Light, Theme::Dark] {
            let palette = theme.palette();
            let mut stack = palette.layers.to_vec();
            stack.push(palette.rest);
            let neighbours = stack
                .windows(2)
                .map(|pair| (pair[0], pair[1]))
                .chain([(palette.heap, palette.resident)]);
            for (one, other) in neighbours {
                for sight in &SIGHTS {
                    let apart = distance(one, other, sight);
                    assert!(apart >= 15.0, "{theme:?} {one:?} {other:?} {apart}");
                }
            }
        }
    }
}
