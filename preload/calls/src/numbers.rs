//! How far strtol and strtod read: character by character, up to the first that cannot go on.

/// What a character does to a number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    GoesOn,
    Ends,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Part {
    /// Spaces, then a sign.
    Front,
    /// The first character after it.
    First,
    /// After a first 0: there may be an x.
    Zero,
    Digits,
    Fraction,
    /// Behind the e or p: there may be a sign.
    Exponent,
    ExponentDigits,
    /// In a word: infinity or nan. How many of its letters must come is not looked at closely: three.
    Word(u8),
}

/// A number being read.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Progress {
    part: Part,
    base: u32,
    floating: bool,
}

impl Progress {
    /// An integer; base 0 is told by its prefix.
    pub(crate) fn whole(base: u32) -> Progress {
        Progress {
            part: Part::Front,
            base,
            floating: false,
        }
    }

    /// A floating-point number.
    pub(crate) fn floating() -> Progress {
        Progress {
            part: Part::Front,
            base: 10,
            floating: true,
        }
    }

    fn is_digit(self, character: char) -> bool {
        let base = if self.base == 0 { 10 } else { self.base };
        (2..=36).contains(&base) && character.is_digit(base)
    }

    fn go(&mut self, part: Part) -> Step {
        self.part = part;
        Step::GoesOn
    }

    /// Takes the next character.
    pub(crate) fn take(&mut self, unit: u32) -> Step {
        let character = char::from_u32(unit).unwrap_or('\0');
        let lower = character.to_ascii_lowercase();
        match (self.part, lower) {
            (Part::Front, ' ' | '\t'..='\r') => Step::GoesOn,
            (Part::Front, '+' | '-') => self.go(Part::First),
            (Part::Front | Part::First, '0') => self.go(Part::Zero),
            (Part::Front | Part::First, 'i' | 'n') if self.floating => self.go(Part::Word(1)),
            (Part::Zero, 'x') if self.floating || self.base == 0 || self.base == 16 => {
                self.base = 16;
                self.go(Part::Digits)
            }
            (Part::Zero, _) => {
                if self.base == 0 {
                    self.base = 8;
                }
                self.part = Part::Digits;
                self.take(unit)
            }
            (Part::Front | Part::First | Part::Digits, _) if self.is_digit(character) => {
                self.go(Part::Digits)
            }
            (Part::Front | Part::First | Part::Digits, '.') if self.floating => {
                self.go(Part::Fraction)
            }
            (Part::Fraction, _) if self.is_digit(character) => Step::GoesOn,
            (Part::Digits | Part::Fraction, 'e') if self.floating && self.base == 10 => {
                self.go(Part::Exponent)
            }
            (Part::Digits | Part::Fraction, 'p') if self.floating && self.base == 16 => {
                self.go(Part::Exponent)
            }
            (Part::Exponent, '+' | '-') => self.go(Part::ExponentDigits),
            (Part::Exponent | Part::ExponentDigits, '0'..='9') => self.go(Part::ExponentDigits),
            (Part::Word(letters), 'a' | 'n' | 'f') if letters < 3 => {
                self.go(Part::Word(letters + 1))
            }
            _ => Step::Ends,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(mut progress: Progress, text: &str) -> usize {
        text.chars()
            .position(|character| progress.take(character as u32) == Step::Ends)
            .map_or(text.len(), |at| at + 1)
    }

    #[test]
    fn integers_end_behind_their_last_digit() {
        for (text, base, bytes) in [
            ("12x", 10, 3),
            ("  -7;9", 10, 5),
            ("0x1fg", 0, 5),
            ("0x1fg", 16, 5),
            ("0x1fg", 10, 2),
            ("0778", 0, 4),
            ("zz!", 36, 3),
            ("102", 2, 3),
            ("", 10, 0),
            ("x", 10, 1),
            ("+-1", 10, 2),
        ] {
            assert_eq!(read(Progress::whole(base), text), bytes, "{text} {base}");
        }
    }

    #[test]
    fn floating_numbers_end_behind_their_exponent() {
        for (text, bytes) in [
            ("1.5e+3x", 7),
            ("1.5.5", 4),
            (".5 ", 3),
            ("0x1.8p-3q", 9),
            ("inf,", 4),
            ("nan(", 4),
            ("1e5e", 4),
            ("-2,", 3),
        ] {
            assert_eq!(read(Progress::floating(), text), bytes, "{text}");
        }
    }
}
