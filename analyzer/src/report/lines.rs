//! JSON that both people and line-based tools can read: objects and lists near the top are
//! indented, what is deeper stands in one line, so that a call site is one line.

use serde_json::ser::{CompactFormatter, Formatter, PrettyFormatter};
use std::io::{self, Write};

/// Deeper values are written in one line.
const INDENTED_LEVELS: usize = 2;

/// See the module.
pub(crate) struct Lines<'a> {
    pretty: PrettyFormatter<'a>,
    compact: CompactFormatter,
    level: usize,
}

impl Lines<'_> {
    pub(crate) fn new() -> Self {
        Lines {
            pretty: PrettyFormatter::new(),
            compact: CompactFormatter,
            level: 0,
        }
    }

    fn is_indented(&self) -> bool {
        self.level <= INDENTED_LEVELS
    }
}

/// Passes each call on to the formatter of the present level.
macro_rules! by_level {
    ($($name:ident($($argument:ident: $type:ty),*);)*) => {$(
        fn $name<W: ?Sized + Write>(&mut self, writer: &mut W, $($argument: $type),*) -> io::Result<()> {
            if self.is_indented() {
                self.pretty.$name(writer, $($argument),*)
            } else {
                self.compact.$name(writer, $($argument),*)
            }
        }
    )*};
}

impl Formatter for Lines<'_> {
    by_level! {
        begin_array_value(first: bool);
        end_array_value();
        begin_object_key(first: bool);
        begin_object_value();
        end_object_value();
    }

    fn begin_array<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.level += 1;
        if self.is_indented() {
            self.pretty.begin_array(writer)
        } else {
            self.compact.begin_array(writer)
        }
    }

    fn end_array<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        let was_indented = self.is_indented();
        self.level -= 1;
        if was_indented {
            self.pretty.end_array(writer)
        } else {
            self.compact.end_array(writer)
        }
    }

    fn begin_object<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.level += 1;
        if self.is_indented() {
            self.pretty.begin_object(writer)
        } else {
            self.compact.begin_object(writer)
        }
    }

    fn end_object<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        let was_indented = self.is_indented();
        self.level -= 1;
        if was_indented {
            self.pretty.end_object(writer)
        } else {
            self.compact.end_object(writer)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde::Serialize as _;

    #[test]
    fn a_site_is_one_line() {
        let value =
            serde_json::json!({"a": 1, "sites": [{"stack": [{"f": "x"}, {}]}, {"n": []}], "e": []});
        let mut text = Vec::new();
        let mut serializer = serde_json::Serializer::with_formatter(&mut text, Lines::new());
        value.serialize(&mut serializer).expect("it is JSON");
        let text = String::from_utf8(text).expect("it is text");
        let expected = "{\n  \"a\": 1,\n  \"e\": [],\n  \"sites\": [\n    {\"stack\":[{\"f\":\"x\"},{}]},\n    {\"n\":[]}\n  ]\n}";
        assert_eq!(text, expected);
        assert_eq!(
            serde_json::from_str::<serde_json::Value>(&text).ok(),
            Some(value)
        );
    }
}
