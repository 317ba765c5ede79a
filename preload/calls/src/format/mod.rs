//! Formats of printf and scanf, read unit by unit: which arguments they take, and of what kind.

mod printf;
mod scanf;

pub(crate) use printf::{Class, Conversion, Count, Kind, Printf};
pub(crate) use scanf::{Scanf, Target};

use crate::arguments::Unit;
use crate::call::FIRST_PAGE;
use crate::scan;

/// What is read in place of a null pointer: `warn(NULL)` and `err(1, NULL)` are in order, and printf and scanf refuse one with
/// EINVAL.
static NO_FORMAT: u32 = 0;

/// A place in a format that is known to end.
#[derive(Clone, Copy, Debug)]
struct Reader {
    at: u64,
    unit: Unit,
}

impl Reader {
    /// # Safety
    /// The text must have a terminator, or the pointer lead to none: into the first page.
    unsafe fn new(at: u64, unit: Unit) -> Reader {
        let at = if at < FIRST_PAGE {
            &raw const NO_FORMAT as u64
        } else {
            at
        };
        Reader { at, unit }
    }

    /// The unit here as a character; NUL at the end and for what is none.
    #[inline]
    fn peek(&self) -> char {
        // SAFETY: not behind the terminator, since `pass` stops there.
        let unit = unsafe { scan::unit_at(self.at, self.unit) };
        char::from_u32(unit).unwrap_or(char::REPLACEMENT_CHARACTER)
    }

    /// Goes on by one, but never behind the terminator.
    #[inline]
    fn pass(&mut self) {
        if self.peek() != '\0' {
            self.at += self.unit as u64;
        }
    }

    fn pass_if(&mut self, wanted: char) -> bool {
        let is = self.peek() == wanted;
        if is {
            self.pass();
        }
        is
    }

    /// Passes the flags of printf.
    fn pass_flags(&mut self) {
        while let '-' | '+' | ' ' | '#' | '0' | '\'' | 'I' = self.peek() {
            self.pass();
        }
    }

    /// A number, if there is one.
    fn number(&mut self) -> Option<u64> {
        let mut number = None;
        while let Some(digit) = self.peek().to_digit(10) {
            number = Some(number.unwrap_or(0u64).saturating_mul(10) + u64::from(digit));
            self.pass();
        }
        number
    }

    /// A number with `$` behind it, if there is one.
    fn position(&mut self) -> Option<u64> {
        let before = *self;
        let number = self.number();
        if number.is_some() && self.pass_if('$') {
            return number;
        }
        *self = before;
        None
    }

    /// Goes behind the next `%`; false at the end.
    fn find_directive(&mut self) -> bool {
        while !matches!(self.peek(), '%' | '\0') {
            self.pass();
        }
        self.pass_if('%')
    }

    /// The letters that say how large an argument is.
    fn size(&mut self) -> Size {
        let first = self.peek();
        match first {
            'h' => {
                self.pass();
                if self.pass_if('h') {
                    Size::Char
                } else {
                    Size::Short
                }
            }
            'l' => {
                self.pass();
                self.pass_if('l');
                Size::Long
            }
            'L' => {
                self.pass();
                Size::LongDouble
            }
            'j' | 'z' | 'Z' | 't' | 'q' => {
                self.pass();
                Size::Long
            }
            _ => Size::Plain,
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Size {
    Char,
    Short,
    Plain,
    Long,
    LongDouble,
}

impl Size {
    /// Bytes of an integer.
    fn integer(self) -> u64 {
        match self {
            Size::Char => 1,
            Size::Short => 2,
            Size::Plain => 4,
            Size::Long | Size::LongDouble => 8,
        }
    }

    /// Bytes of a floating-point number that is read.
    fn floating(self) -> u64 {
        match self {
            Size::Long => 8,
            Size::LongDouble => 16,
            Size::Char | Size::Short | Size::Plain => 4,
        }
    }

    /// Units of a text.
    fn text(self) -> Unit {
        match self {
            Size::Long => Unit::Wide,
            Size::Char | Size::Short | Size::Plain | Size::LongDouble => Unit::Narrow,
        }
    }
}
