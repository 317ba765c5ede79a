//! Formats of printf.

use super::{Reader, Size};
use crate::arguments::Unit;

/// A width or a precision.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Count {
    None,
    Number(u64),
    /// `*`: the next argument.
    Next,
    /// `*1$`: the argument with this number.
    At(u64),
}

/// What a conversion does with its argument.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// It takes none.
    Nothing,
    /// Its value is printed.
    Value(Class),
    /// It points to a text.
    Text(Unit),
    /// It points to an integer of so many bytes, which is set.
    Set(u64),
}

/// How an argument is passed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Class {
    Integer,
    Double,
    LongDouble,
}

/// One directive of a format.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Conversion {
    pub(crate) position: Option<u64>,
    pub(crate) width: Count,
    pub(crate) precision: Count,
    pub(crate) kind: Kind,
}

impl Conversion {
    /// How its argument is passed, if it takes one.
    pub(crate) fn class(&self) -> Option<Class> {
        match self.kind {
            Kind::Nothing => None,
            Kind::Value(class) => Some(class),
            Kind::Text(_) | Kind::Set(_) => Some(Class::Integer),
        }
    }
}

/// The conversions of a format, up to its end or to one that is not known (a program may register its
/// own: what they take cannot be told).
#[derive(Clone, Copy, Debug)]
pub(crate) struct Printf {
    reader: Reader,
}

impl Printf {
    /// # Safety
    /// The format must have a terminator.
    pub(crate) unsafe fn new(address: u64, unit: Unit) -> Printf {
        // SAFETY: as the caller vouches.
        let reader = unsafe { Reader::new(address, unit) };
        Printf { reader }
    }

    fn count(&mut self) -> Count {
        if self.reader.pass_if('*') {
            return self.reader.position().map_or(Count::Next, Count::At);
        }
        self.reader.number().map_or(Count::None, Count::Number)
    }
}

impl Iterator for Printf {
    type Item = Conversion;

    fn next(&mut self) -> Option<Conversion> {
        if !self.reader.find_directive() {
            return None;
        }
        let position = self.reader.position();
        self.reader.pass_flags();
        let width = self.count();
        let precision = if self.reader.pass_if('.') {
            match self.count() {
                Count::None => Count::Number(0),
                count => count,
            }
        } else {
            Count::None
        };
        let size = self.reader.size();
        let kind = match self.reader.peek() {
            '%' | 'm' => Kind::Nothing,
            'd' | 'i' | 'o' | 'u' | 'x' | 'X' | 'b' | 'B' | 'c' | 'C' | 'p' => {
                Kind::Value(Class::Integer)
            }
            'a' | 'A' | 'e' | 'E' | 'f' | 'F' | 'g' | 'G' => {
                Kind::Value(if size == Size::LongDouble {
                    Class::LongDouble
                } else {
                    Class::Double
                })
            }
            's' => Kind::Text(size.text()),
            'S' => Kind::Text(Unit::Wide),
            'n' => Kind::Set(size.integer()),
            _ => return None,
        };
        self.reader.pass();
        Some(Conversion {
            position,
            width,
            precision,
            kind,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kinds(format: &core::ffi::CStr) -> Vec<Kind> {
        // SAFETY: a terminated text.
        unsafe { Printf::new(format.as_ptr() as u64, Unit::Narrow) }
            .map(|conversion| conversion.kind)
            .collect()
    }

    #[test]
    fn conversions_are_told_apart() {
        let value = Kind::Value(Class::Integer);
        assert_eq!(
            kinds(c"a%%%5d%-*.*s%lf%Lg%ls%S%hhn%zd%m%c%lc%p"),
            [
                Kind::Nothing,
                value,
                Kind::Text(Unit::Narrow),
                Kind::Value(Class::Double),
                Kind::Value(Class::LongDouble),
                Kind::Text(Unit::Wide),
                Kind::Text(Unit::Wide),
                Kind::Set(1),
                value,
                Kind::Nothing,
                value,
                value,
                value
            ]
        );
        assert_eq!(kinds(c"%s%Q%s"), [Kind::Text(Unit::Narrow)]);
        assert_eq!(kinds(c"%"), []);
        assert_eq!(kinds(c"plain"), []);
    }

    #[test]
    fn widths_and_positions_are_read() {
        // SAFETY: a terminated text.
        let all: Vec<_> = unsafe {
            Printf::new(
                c"%2$*1$.*3$s %.s %.12s %07.3d".as_ptr() as u64,
                Unit::Narrow,
            )
        }
        .collect();
        assert_eq!(all[0].position, Some(2));
        assert_eq!(all[0].width, Count::At(1));
        assert_eq!(all[0].precision, Count::At(3));
        assert_eq!(all[1].precision, Count::Number(0));
        assert_eq!(all[2].precision, Count::Number(12));
        assert_eq!(all[3].width, Count::Number(7));
        assert_eq!(all[3].precision, Count::Number(3));
    }
}
