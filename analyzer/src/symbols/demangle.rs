//! Mangled names as people read them.
//!
//! Template-heavy C++ has names of 100 KB which say more than a report can show, and a few
//! hundred mangled bytes can stand for gigabytes; both are bounded.

use std::fmt;

/// Longer mangled names are shown as they are, cut.
const MAX_MANGLED_BYTES: usize = 16 << 10;
/// Longer demangled names are cut.
const MAX_SHOWN_BYTES: usize = 4 << 10;
/// Deeper nesting is not followed: demangling recurses, on stacks of 2 MiB.
const MAX_DEPTH: u32 = 96;

/// Text that refuses to grow beyond a limit.
struct Bounded {
    text: String,
    is_full: bool,
}

impl fmt::Write for Bounded {
    fn write_str(&mut self, piece: &str) -> fmt::Result {
        if self.text.len() + piece.len() > MAX_SHOWN_BYTES {
            self.is_full = true;
            return Err(fmt::Error);
        }
        self.text.push_str(piece);
        Ok(())
    }
}

/// A symbol's name in its language.
#[must_use]
pub fn demangle(symbol: &str) -> String {
    if symbol.len() > MAX_MANGLED_BYTES {
        return cut(symbol);
    }
    let mut shown = Bounded {
        text: String::new(),
        is_full: false,
    };
    let result = if let Ok(name) = rustc_demangle::try_demangle(symbol) {
        // Without the hash that tells versions of a crate apart.
        fmt::Write::write_fmt(&mut shown, format_args!("{name:#}"))
    } else if symbol.starts_with("_Z") {
        demangle_cxx(symbol, &mut shown)
    } else {
        return cut(symbol);
    };
    match result {
        Ok(()) => shown.text,
        Err(_) if shown.is_full => shown.text + "...",
        Err(_) => cut(symbol),
    }
}

fn demangle_cxx(symbol: &str, shown: &mut Bounded) -> fmt::Result {
    let parsing = cpp_demangle::ParseOptions::default().recursion_limit(MAX_DEPTH);
    // "@@GLIBCXX_3.4" and the like are versions, not part of the name.
    let name = symbol.split('@').next().unwrap_or(symbol);
    let parsed = cpp_demangle::BorrowedSymbol::with_tail_and_options(name.as_bytes(), &parsing);
    let (symbol, _rest) = parsed.map_err(|_| fmt::Error)?;
    let options = cpp_demangle::DemangleOptions::new().recursion_limit(MAX_DEPTH);
    let written = symbol.structured_demangle(shown, &options);
    shown.text = without_empty_packs(&shown.text);
    written
}

/// A pack of no template arguments leaves the comma before it and what is written behind each of its members:
/// `make_unique<Session, >(&&)` is `make_unique<Session>()` for everybody else.
fn without_empty_packs(name: &str) -> String {
    let mut name = name
        .replace(", , ", ", ")
        .replace(", >", ">")
        .replace("<, ", "<")
        .replace(", )", ")");
    for behind in ["&&", "&"] {
        name = name.replace(&format!(", {behind})"), ")");
        // `void (&)(int)` and `int (&)[2]` are references.
        let alone = format!("({behind})");
        let parts: Vec<&str> = name.split(&alone).collect();
        let mut kept = parts[0].to_owned();
        for part in &parts[1..] {
            kept.push_str(if part.starts_with(['(', '[']) {
                &alone
            } else {
                "()"
            });
            kept.push_str(part);
        }
        name = kept;
    }
    name
}

fn cut(symbol: &str) -> String {
    if symbol.len() <= MAX_SHOWN_BYTES {
        return symbol.to_owned();
    }
    let mut end = MAX_SHOWN_BYTES;
    while !symbol.is_char_boundary(end) {
        end -= 1;
    }
    format!("{}...", &symbol[..end])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_all_languages() {
        assert_eq!(demangle("main"), "main");
        assert_eq!(demangle("_ZN3foo3barEi"), "foo::bar(int)");
        assert_eq!(
            demangle("_ZN3foo3barEi.cold"),
            "foo::bar(int) [clone .cold]"
        );
        assert_eq!(
            demangle("_ZN4core3fmt5Write9write_fmt17h0123456789abcdefE"),
            "core::fmt::Write::write_fmt"
        );
        assert_eq!(demangle("_RNvCs1234_7mycrate3foo"), "mycrate::foo");
        assert_eq!(demangle("_Znot mangled"), "_Znot mangled");
    }

    #[test]
    fn names_without_end_are_bounded() {
        let long = format!("_Z{}", "N3foo".repeat(50_000));
        assert!(demangle(&long).len() < 5000);
        let nested = format!("_Z1f{}i", "P".repeat(10_000));
        assert!(demangle(&nested).len() < 20_000);
        // Each substitution doubles the name.
        let mut bomb = String::from("_Z1fSt4pairIiiE");
        for place in 0..60u32 {
            let digit = char::from_digit(place.min(35), 36)
                .unwrap_or('0')
                .to_ascii_uppercase();
            bomb.push_str(&format!("St4pairIS{digit}_S{digit}_E"));
        }
        assert!(demangle(&bomb).len() < 5000);
    }

    #[test]
    fn empty_packs_leave_nothing() {
        assert_eq!(
            demangle(
                "_ZSt11make_uniqueI7SessionJEENSt8__detail9_MakeUniqIT_E15__single_objectEDpOT0_"
            ),
            "std::__detail::_MakeUniq<Session>::__single_object std::make_unique<Session>()"
        );
        assert_eq!(without_empty_packs("f(int (&)[2], )"), "f(int (&)[2])");
        let reference = "std::thread::thread<void (&)(), , void>(void (&)(), &&)";
        assert_eq!(
            without_empty_packs(reference),
            "std::thread::thread<void (&)(), void>(void (&)())"
        );
    }
}
