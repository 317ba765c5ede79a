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
    let data = is_needed.then(|| file.section_by_name(id.name())).flatten();
    data.and_then(|section| section.uncompressed_data().ok())
        .unwrap_or_default()
}
