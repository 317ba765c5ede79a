//! What the program's environment must say: `LD_PRELOAD`, and `LDT_OPTIONS` for the library.

use crate::failure::{Failure, OWN_FAILURE};
use std::env;
use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::{OsStrExt as _, OsStringExt as _};
use std::path::Path;
use std::process::{Command, Stdio};

/// The variable with the options of the library.
pub const OPTIONS: &str = "LDT_OPTIONS";

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

/// Whether the library takes all that `LDT_OPTIONS` says already: a misspelt option would be one that nobody knows has no
/// effect. The library alone has the table of them, so a process is started with it that says what is wrong and ends
/// before anything else happens.
pub fn settings_are_known(library: &Path) -> Result<(), Failure> {
    let Some(given) = env::var_os(OPTIONS).filter(|given| !given.is_empty()) else {
        return Ok(());
    };
    // First, since a quote that is not closed takes in all that follows.
    let mut asking = OsString::from("verify=yes:");
    asking.push(given);
    let asked = env::current_exe().and_then(|ldt| {
        Command::new(ldt)
            .arg("--version")
            .env("LD_PRELOAD", library)
            .env(OPTIONS, asking)
            .stdin(Stdio::null())
            .output()
    });
    // Where nobody can be asked the command's own library says it.
    let Some(asked) = asked
        .ok()
        .filter(|asked| asked.status.code() == Some(OWN_FAILURE.into()))
    else {
        return Ok(());
    };
    let said = String::from_utf8_lossy(&asked.stderr);
    let lines = said
        .lines()
        .map(|line| line.strip_prefix("ldt: ").unwrap_or(line));
    let wrong: Vec<&str> = lines.filter(|line| line.starts_with(OPTIONS)).collect();
    Err(Failure::own(wrong.join("\n")))
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
