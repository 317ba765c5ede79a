//! The colours of boxes. All of them are light enough for dark words, in both themes, so that one file
//! of style serves both and a name is never lost in its box.

use plotters::style::RGBColor;

use super::boxes::FrameBox;

/// What a box's words are written in.
pub(super) const INK: RGBColor = RGBColor(26, 28, 32);
/// What is folded, or too narrow to be told apart.
pub(super) const FOLDED: RGBColor = RGBColor(190, 193, 200);
/// The root, and what did not change.
pub(super) const NEUTRAL: RGBColor = RGBColor(226, 227, 231);
/// What a search found.
pub(super) const MATCHED: RGBColor = RGBColor(214, 120, 255);

/// From yellow to red: of a fire, and of no meaning.
const WARM: [RGBColor; 8] = [
    RGBColor(255, 214, 102),
    RGBColor(253, 191, 92),
    RGBColor(250, 170, 92),
    RGBColor(255, 199, 128),
    RGBColor(244, 150, 92),
    RGBColor(252, 178, 122),
    RGBColor(240, 135, 100),
    RGBColor(255, 226, 140),
];

/// What was nothing before is as red, and what is nothing after as blue, as can be.
const GREW: RGBColor = RGBColor(240, 96, 84);
const SHRANK: RGBColor = RGBColor(98, 156, 240);
/// How many shades there are on each side of [`NEUTRAL`].
const SHADES: i32 = 8;

/// The number of a name's colour: the same name has the same in every picture.
pub(super) fn warm_number(name: &str) -> usize {
    // FNV-1a: short, stable over versions, and spread well enough over eight colours.
    let hash = name.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x100_0000_01b3)
    });
    (hash >> 32) as usize % WARM.len()
}

/// The class of a warm colour.
pub(super) fn warm_class(number: usize) -> String {
    format!("w{number}")
}

pub(super) fn warm(number: usize) -> RGBColor {
    WARM[number % WARM.len()]
}

/// By how much a box grew: from -[`SHADES`], all of it gone, to [`SHADES`], all of it new.
pub(super) fn growth_number(one: &FrameBox) -> i32 {
    let largest = one.before.max(one.after).max(1) as f64;
    let change = one.after as f64 - one.before as f64;
    (change / largest * f64::from(SHADES)).round() as i32
}

/// The class of a shade of growth.
pub(super) fn growth_class(number: i32) -> String {
    match number {
        0 => "same".to_owned(),
        1.. => format!("grew{number}"),
        _ => format!("shrank{}", -number),
    }
}

pub(super) fn growth(number: i32) -> RGBColor {
    let end = if number > 0 { GREW } else { SHRANK };
    // A change is never so small that its colour is none.
    let part = if number == 0 {
        0.0
    } else {
        0.2 + 0.8 * f64::from(number.abs()) / f64::from(SHADES)
    };
    let mix = |over: u8, under: u8| {
        (f64::from(over) * part + f64::from(under) * (1.0 - part)).round() as u8
    };
    RGBColor(
        mix(end.0, NEUTRAL.0),
        mix(end.1, NEUTRAL.1),
        mix(end.2, NEUTRAL.2),
    )
}

/// Every class with its colour, for a style sheet.
pub(super) fn classes() -> Vec<(String, RGBColor)> {
    let warm = (0..WARM.len()).map(|number| (warm_class(number), warm(number)));
    let growth = (-SHADES..=SHADES).map(|number| (growth_class(number), growth(number)));
    let named = [("root", NEUTRAL), ("folded", FOLDED), ("matched", MATCHED)];
    let named = named.map(|(class, colour)| (class.to_owned(), colour));
    warm.chain(growth).chain(named).collect()
}

/// `#FFD666`.
pub(super) fn hex(RGBColor(red, green, blue): RGBColor) -> String {
    format!("#{red:02X}{green:02X}{blue:02X}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::palette::tests::contrast;

    #[test]
    fn words_stand_out_from_every_box() {
        for (class, colour) in classes() {
            assert!(
                contrast(INK, colour) >= 4.5,
                "{class}: {}",
                contrast(INK, colour)
            );
        }
    }

    #[test]
    fn growth_is_red_and_shrinking_blue() {
        let RGBColor(red, _, blue) = growth(8);
        assert!(red > blue);
        let RGBColor(red, _, blue) = growth(-1);
        assert!(blue > red);
    }
}
