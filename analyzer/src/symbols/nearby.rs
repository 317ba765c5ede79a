//! The few units of a library's debug information in which the addresses of a report are.
//!
//! Of the C library, nearly every report shows the two functions that call `main`, and seldom much
//! more. Inflating all its debug information and indexing its four thousand units cost more than
//! replaying a million events. `.debug_aranges` tells in which unit an address is, and a
//! unit that refers to no other says all by itself: so only such units are handed on, and the two large
//! sections are inflated no further than to the last of them. Whatever does not look so simple is
//! left to a full reading, which gives the same names.

use super::sections::section;
use addr2line::gimli::{
    self, AttributeValue, DebugAranges, DebugInfo, DebugInfoOffset, DebugLine, DwarfSections,
    EndianSlice, LittleEndian, SectionId,
};
use flate2::read::ZlibDecoder;
use object::{CompressedData, CompressionFormat, Object, ObjectSection, ReadRef};
use std::borrow::Cow;
use std::collections::BTreeSet;
use std::io::Read;
use std::ops::Range;

type Slice<'a> = EndianSlice<'a, LittleEndian>;
type Sections<'d> = DwarfSections<Cow<'d, [u8]>>;

/// Debug information that has been opened, but for its two large sections.
pub(super) struct Nearby<'d> {
    /// All the others.
    sections: Sections<'d>,
    units: Units,
    info: Inflating<'d>,
    line: Inflating<'d>,
}

impl<'d> Nearby<'d> {
    /// `None` when the file has to be read in full.
    pub(super) fn open<R: ReadRef<'d>>(file: &object::File<'d, R>) -> Option<Self> {
        // What stands in a file shared with others is not looked for here.
        if file.gnu_debugaltlink().ok().flatten().is_some() {
            return None;
        }
        let load = |id| {
            Ok::<_, ()>(match id {
                SectionId::DebugInfo | SectionId::DebugLine => Cow::default(),
                _ => section(file, id),
            })
        };
        let mut sections = DwarfSections::load(load).ok()?;
        let units = {
            let aranges = sections.debug_aranges.borrow(|bytes| slice(bytes));
            Units::new(&aranges)?
        };
        // It names units by where they are, which will change; they know their addresses, too.
        sections.debug_aranges = DebugAranges::from(Cow::default());
        Some(Nearby {
            sections,
            units,
            info: Inflating::of(file, SectionId::DebugInfo)?,
            line: Inflating::of(file, SectionId::DebugLine)?,
        })
    }

    /// Makes ready what these addresses, and others probably, will need.
    pub(super) fn prepare(&mut self, addresses: impl Iterator<Item = u64>) {
        for address in addresses {
            let unit = self.units.find(address);
            // What fails here will fail again where it matters.
            let _ = unit.and_then(|unit| self.reach(unit));
        }
    }

    /// The sections, with the units of these addresses of the file; `None` when they are not all.
    pub(super) fn sections(mut self, addresses: impl Iterator<Item = u64>) -> Option<Sections<'d>> {
        let mut wanted = BTreeSet::new();
        for address in addresses {
            wanted.insert(self.units.find(address)?);
        }
        let mut info = Vec::new();
        for unit in wanted {
            let bytes = self.reach(unit)?;
            info.extend_from_slice(&self.info.bytes[bytes]);
        }
        self.sections.debug_info = DebugInfo::from(Cow::Owned(info));
        self.sections.debug_line = DebugLine::from(self.line.bytes);
        Some(self.sections)
    }

    /// Inflates a unit and its line program; gives the unit's bytes. `None` when it refers to others.
    fn reach(&mut self, unit: usize) -> Option<Range<usize>> {
        let bytes = self.info.reach_whole(unit)?;
        let program = self.line_program_of(bytes.clone())?;
        if let Some(program) = program {
            self.line.reach_whole(program)?;
        }
        Some(bytes)
    }

    /// Where the line program of the unit is, if it has one. `None` when the unit refers to others, or
    /// does not say where its code is.
    fn line_program_of(&self, unit: Range<usize>) -> Option<Option<usize>> {
        let info = DebugInfo::from(slice(self.info.bytes.get(unit)?));
        let header = info.header_from_offset(DebugInfoOffset(0)).ok()?;
        let abbreviations = header
            .abbreviations(&self.sections.debug_abbrev.borrow(|bytes| slice(bytes)))
            .ok()?;
        let (mut program, mut has_addresses) = (None, false);
        let mut entries = header.entries_raw(&abbreviations, None).ok()?;
        while !entries.is_empty() {
            let Some(abbreviation) = entries.read_abbreviation().ok()? else {
                continue;
            };
            let attributes = abbreviation.attributes();
            if attributes.iter().any(|of| is_outside(of.form())) {
                return None;
            }
            if has_addresses {
                entries.skip_attributes(attributes).ok()?;
                continue;
            }
            // The unit itself.
            for of in attributes {
                let attribute = entries.read_attribute(*of).ok()?;
                if let AttributeValue::DebugLineRef(at) = attribute.value() {
                    program = Some(at.0);
                }
                has_addresses |=
                    matches!(attribute.name(), gimli::DW_AT_ranges | gimli::DW_AT_high_pc);
            }
            if !has_addresses {
                return None;
            }
        }
        Some(program)
    }
}

/// Whether an attribute of this form may refer to another unit.
fn is_outside(form: gimli::DwForm) -> bool {
    matches!(
        form,
        gimli::DW_FORM_ref_addr
            | gimli::DW_FORM_ref_sig8
            | gimli::DW_FORM_ref_sup4
            | gimli::DW_FORM_ref_sup8
            | gimli::DW_FORM_GNU_ref_alt
            | gimli::DW_FORM_indirect
    )
}

fn slice(bytes: &[u8]) -> Slice<'_> {
    EndianSlice::new(bytes, LittleEndian)
}

/// Which unit covers which addresses.
struct Units {
    /// By where they begin.
    ranges: Vec<UnitRange>,
}

struct UnitRange {
    begin: u64,
    end: u64,
    /// The highest end of all ranges before this one.
    end_before: u64,
    /// Where in `.debug_info` the unit begins.
    unit: usize,
}

impl Units {
    /// `None` when nothing is told.
    fn new(aranges: &DebugAranges<Slice<'_>>) -> Option<Self> {
        let mut ranges = Vec::new();
        let mut headers = aranges.headers();
        while let Some(header) = headers.next().ok()? {
            let mut entries = header.entries();
            while let Some(entry) = entries.next().ok()? {
                let range = entry.range();
                ranges.push(UnitRange {
                    begin: range.begin,
                    end: range.end,
                    end_before: 0,
                    unit: header.debug_info_offset().0,
                });
            }
        }
        Units::of(ranges)
    }

    fn of(mut ranges: Vec<UnitRange>) -> Option<Self> {
        ranges.sort_unstable_by_key(|range| range.begin);
        let mut end_before = 0;
        for range in &mut ranges {
            range.end_before = end_before;
            end_before = end_before.max(range.end);
        }
        (!ranges.is_empty()).then_some(Units { ranges })
    }

    /// The unit of an address, if it is in exactly one range.
    fn find(&self, address: u64) -> Option<usize> {
        let after = self.ranges.partition_point(|range| range.begin <= address);
        let range = self.ranges.get(after.checked_sub(1)?)?;
        (address < range.end && range.end_before <= address).then_some(range.unit)
    }
}

/// Room for a section, so that it need not move while it grows. What is not written to takes no memory, but what a
/// damaged file says of its length is believed only as far as it is likely.
fn room_for(data: &CompressedData<'_>) -> Vec<u8> {
    const LIKELY_RATIO: usize = 16;
    let likely = data.data.len().saturating_mul(LIKELY_RATIO);
    let room = usize::try_from(data.uncompressed_size).map_or(likely, |size| size.min(likely));
    let mut bytes = Vec::new();
    // Without, it grows step by step.
    let _ = bytes.try_reserve_exact(room);
    bytes
}

/// A section that is inflated from its beginning, as far as somebody asks.
struct Inflating<'d> {
    bytes: Cow<'d, [u8]>,
    rest: Option<ZlibDecoder<&'d [u8]>>,
}

impl<'d> Inflating<'d> {
    /// `None` when it cannot be read in part.
    fn of<R: ReadRef<'d>>(file: &object::File<'d, R>, id: SectionId) -> Option<Self> {
        let data = file.section_by_name(id.name())?.compressed_data().ok()?;
        match data.format {
            CompressionFormat::None => Some(Inflating {
                bytes: Cow::Borrowed(data.data),
                rest: None,
            }),
            CompressionFormat::Zlib => Some(Inflating {
                bytes: Cow::Owned(room_for(&data)),
                rest: Some(ZlibDecoder::new(data.data)),
            }),
            _ => None,
        }
    }

    /// So many bytes are there.
    fn reach(&mut self, length: usize) -> Option<()> {
        let missing = length.saturating_sub(self.bytes.len());
        if missing > 0 {
            let rest = self.rest.as_mut()?.take(missing as u64);
            // The length may be anything in a damaged file: memory grows with what is there.
            let read = { rest }.read_to_end(self.bytes.to_mut()).ok()?;
            (read == missing).then_some(())?;
        }
        Some(())
    }

    /// What begins at `at` with its length is there; gives where it is. The 64-bit form is not for
    /// files of this size.
    fn reach_whole(&mut self, at: usize) -> Option<Range<usize>> {
        let begin = at.checked_add(4)?;
        self.reach(begin)?;
        let length = self.bytes.get(at..begin)?.try_into().ok()?;
        let length = u32::from_le_bytes(length);
        if length >= 0xffff_fff0 {
            return None;
        }
        let end = begin.checked_add(length as usize)?;
        self.reach(end)?;
        Some(at..end)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn range(begin: u64, end: u64, unit: usize) -> UnitRange {
        UnitRange {
            begin,
            end,
            end_before: 0,
            unit,
        }
    }

    #[test]
    fn an_address_in_two_units_or_none_is_not_decided() {
        let units = Units::of(vec![
            range(100, 200, 1),
            range(300, 900, 2),
            range(400, 500, 3),
            range(900, 1000, 4),
        ]);
        let units = units.expect("there are some");
        let found = [99, 100, 199, 200, 350, 450, 700, 950, 1000].map(|at| units.find(at));
        let expected = [
            None,
            Some(1),
            Some(1),
            None,
            Some(2),
            None,
            None,
            Some(4),
            None,
        ];
        assert_eq!(found, expected);
        assert!(Units::of(Vec::new()).is_none());
    }

    #[test]
    fn a_section_is_inflated_as_far_as_it_is_asked_for_and_no_further_than_it_goes() {
        let mut whole = vec![7; 10];
        whole.extend(20u32.to_le_bytes());
        whole.extend([9; 20]);
        whole.extend(u32::MAX.to_le_bytes());
        let mut deflated = Vec::new();
        flate2::read::ZlibEncoder::new(&whole[..], flate2::Compression::fast())
            .read_to_end(&mut deflated)
            .expect("it is in memory");
        let mut section = Inflating {
            bytes: Cow::default(),
            rest: Some(ZlibDecoder::new(&deflated)),
        };
        assert_eq!(section.reach_whole(10), Some(10..34));
        assert_eq!(section.bytes[..], whole[..34]);
        assert_eq!(section.reach_whole(34), None, "a length that cannot be");
        assert_eq!(section.reach_whole(36), None, "beyond the end");
    }
}
