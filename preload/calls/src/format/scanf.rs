//! Formats of scanf.

use super::Reader;
use crate::arguments::Unit;

/// What a field is stored as.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Target {
    /// So many bytes.
    Bytes(u64),
    /// A text of at most so many units and a terminator.
    Text { unit: Unit, at_most: u64 },
    /// The number of characters read so far, not counted in the result.
    Position {
        bytes: u64,
        /// Whoever stored the field before it has come here: only white space stands between.
        is_sure: bool,
    },
}

/// The fields of a format that are stored, up to its end or to what is not known. Numbered arguments,
/// which nobody uses in input, end it too.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Scanf {
    reader: Reader,
    /// Nothing since the last field that is stored can keep the rest from being read.
    is_sure: bool,
}

impl Scanf {
    /// # Safety
    /// The format must have a terminator.
    pub(crate) unsafe fn new(address: u64, unit: Unit) -> Scanf {
        // SAFETY: as the caller vouches.
        let reader = unsafe { Reader::new(address, unit) };
        Scanf {
            reader,
            is_sure: true,
        }
    }

    fn pass_set(&mut self) {
        self.reader.pass_if('^');
        self.reader.pass_if(']');
        while !matches!(self.reader.peek(), ']' | '\0') {
            self.reader.pass();
        }
    }

    /// One conversion: `None` where the format ends, the inner `None` where nothing is stored.
    #[allow(clippy::option_option, reason = "said above")]
    fn conversion(&mut self) -> Option<Option<Target>> {
        while matches!(self.reader.peek(), ' ' | '\t'..='\r') {
            self.reader.pass();
        }
        self.is_sure &= self.reader.peek() == '%';
        if !self.reader.find_directive() || self.reader.position().is_some() {
            return None;
        }
        let dropped = self.reader.pass_if('*');
        while let '\'' | 'I' = self.reader.peek() {
            self.reader.pass();
        }
        let width = self.reader.number();
        let allocated = self.reader.pass_if('m');
        let size = self.reader.size();
        let allocated = allocated || self.reader.pass_if('m');
        let conversion = self.reader.peek();
        let text = |unit| Target::Text {
            unit,
            at_most: width.unwrap_or(u64::MAX - 1),
        };
        let characters = |unit| Target::Bytes(width.unwrap_or(1).saturating_mul(unit as u64));
        let target = match conversion {
            '%' => None,
            'c' | 'C' | 's' | 'S' | '[' if allocated => Some(Target::Bytes(8)),
            'd' | 'i' | 'o' | 'u' | 'x' | 'X' | 'b' => Some(Target::Bytes(size.integer())),
            'p' => Some(Target::Bytes(8)),
            'a' | 'A' | 'e' | 'E' | 'f' | 'F' | 'g' | 'G' => Some(Target::Bytes(size.floating())),
            's' | '[' => Some(text(size.text())),
            'S' => Some(text(Unit::Wide)),
            'c' => Some(characters(size.text())),
            'C' => Some(characters(Unit::Wide)),
            'n' => Some(Target::Position {
                bytes: size.integer(),
                is_sure: self.is_sure,
            }),
            _ => return None,
        };
        self.reader.pass();
        if conversion == '[' {
            self.pass_set();
        }
        let stored = target.filter(|_| !dropped);
        self.is_sure = match stored {
            None => false,
            Some(Target::Position { is_sure, .. }) => is_sure,
            Some(_) => true,
        };
        Some(stored)
    }
}

impl Iterator for Scanf {
    type Item = Target;

    fn next(&mut self) -> Option<Target> {
        loop {
            if let Some(field) = self.conversion()? {
                return Some(field);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_told_apart() {
        let format = c"%n%d %*s%5s%lf%Lf%[]a%]%2c%ls%ms \n%n%hd, %n%% %hhx";
        // SAFETY: a terminated text.
        let all: Vec<Target> =
            unsafe { Scanf::new(format.as_ptr() as u64, Unit::Narrow) }.collect();
        let text = |unit, at_most| Target::Text { unit, at_most };
        let position = |is_sure| Target::Position { bytes: 4, is_sure };
        assert_eq!(
            all,
            [
                position(true),
                Target::Bytes(4),
                text(Unit::Narrow, 5),
                Target::Bytes(8),
                Target::Bytes(16),
                text(Unit::Narrow, u64::MAX - 1),
                Target::Bytes(2),
                text(Unit::Wide, u64::MAX - 1),
                Target::Bytes(8),
                position(true),
                Target::Bytes(2),
                position(false),
                Target::Bytes(1),
            ]
        );
    }
}
