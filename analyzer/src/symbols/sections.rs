//! The sections of a module's file that say names and lines.

use addr2line::gimli::SectionId;
use object::{Object as _, ObjectSection as _, ReadRef};
use std::borrow::Cow;

/// A section's content, decompressed; empty if there is none, or if it says nothing about names
/// and lines: those with the places of variables are the largest of all.
pub(super) fn section<'d, R: ReadRef<'d>>(
    file: &object::File<'d, R>,
    id: SectionId,
) -> Cow<'d, [u8]> {
    let is_needed = !matches!(
        id,
        SectionId::DebugLoc
            | SectionId::DebugLocLists
            | SectionId::DebugMacinfo
            | SectionId::DebugMacro
            | SectionId::DebugNames
    );
    content(file, Some(id.name()).filter(|_| is_needed))
}

/// The content of the section with this name, decompressed; empty if there is none.
pub(super) fn content<'d, R: ReadRef<'d>>(
    file: &object::File<'d, R>,
    name: Option<&str>,
) -> Cow<'d, [u8]> {
    name.and_then(|name| file.section_by_name(name))
        .and_then(|section| section.uncompressed_data().ok())
        .unwrap_or_default()
}
