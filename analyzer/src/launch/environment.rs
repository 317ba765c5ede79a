//! What the program's environment must say: `LD_PRELOAD`, and `LDT_OPTIONS` for the library.

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::{OsStrExt as _, OsStringExt as _};

/// Adds the library to what is preloaded already. It goes first: an allocator that somebody preloads is found beneath it,
/// as one that the program is linked with. (Behind such a one it was never called, and a run without a single block was
/// a green one.)
#[must_use]
pub fn preload(existing: Option<OsString>, library: &OsStr) -> OsString {
    match existing.filter(|existing| !existing.is_empty()) {
        Some(existing) => {
            let mut list = library.to_owned();
            list.push(":");
            list.push(existing);
            list
        }
        None => library.to_owned(),
    }
}

/// Options for the library, as `key=value:key=value`.
#[derive(Debug, Default)]
pub struct LibraryOptions {
    text: Vec<u8>,
}

impl LibraryOptions {
    /// Begins with what `LDT_OPTIONS` says already. Of an option given twice the last one counts,
    /// so what is added later wins over it.
    #[must_use]
    pub fn new(existing: Option<OsString>) -> Self {
        LibraryOptions {
            text: existing.unwrap_or_default().into_vec(),
        }
    }

    /// Adds an option. `None` when the value has a quote, which cannot be written.
    #[must_use]
    pub fn with(mut self, key: &str, value: impl AsRef<OsStr>) -> Option<Self> {
        let value = value.as_ref().as_bytes();
        if value.contains(&b'"') {
            return None;
        }
        if !self.text.is_empty() {
            self.text.push(b':');
        }
        self.text.extend_from_slice(key.as_bytes());
        self.text.push(b'=');
        let quote: &[u8] = if value.contains(&b':') { b"\"" } else { b"" };
        for part in [quote, value, quote] {
            self.text.extend_from_slice(part);
        }
        Some(self)
    }

    /// The variable's value.
    #[must_use]
    pub fn into_value(self) -> OsString {
        OsString::from_vec(self.text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_library_is_added_to_what_is_preloaded() {
        let library = OsStr::new("/l.so");
        assert_eq!(preload(None, library), "/l.so");
        assert_eq!(preload(Some("".into()), library), "/l.so");
        assert_eq!(preload(Some("/je.so".into()), library), "/l.so:/je.so");
    }

    #[test]
    fn options_follow_the_existing_ones_and_colons_are_quoted() {
        let options = LibraryOptions::new(Some("stack_check=1".into()));
        let options = options
            .with("mode", "profile")
            .and_then(|it| it.with("output", "/a:b"));
        assert_eq!(
            options.map(LibraryOptions::into_value),
            Some("stack_check=1:mode=profile:output=\"/a:b\"".into())
        );
        assert!(LibraryOptions::default().with("output", "a\"b").is_none());
    }
}
