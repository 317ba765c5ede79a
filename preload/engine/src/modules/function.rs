//! Where the function of an instruction begins, by the sorted table of `.eh_frame_hdr`: the loader's unwinder and
//! debuggers find unwind information by it (Linux Standard Base, "The .eh_frame_hdr section").

use core::ops::Range;

/// Version 1, a frame pointer relative to its place in 4 bytes, a count in 4 bytes, a table of pairs of signed 4 bytes
/// relative to the section's start: what all linkers write.
const HEAD: [u8; 4] = [1, 0x1b, 0x03, 0x3b];
const HEAD_BYTES: usize = 12;
const ENTRY_BYTES: usize = 8;

/// The address at which the function begins whose unwind information covers `address`, both in the file's terms;
/// `section` are the bytes of `.eh_frame_hdr`, `lies` its addresses. Where functions without unwind information
/// follow it is the last one with some.
#[must_use]
pub fn start_of(section: &[u8], lies: &Range<u64>, address: u64) -> Option<u64> {
    if section.get(..4)? != HEAD {
        return None;
    }
    let word = |at: usize| -> Option<i32> {
        let bytes = section.get(at..at + 4)?;
        Some(i32::from_le_bytes(bytes.try_into().ok()?))
    };
    let count = (word(8)?.cast_unsigned() as usize).min((section.len() - HEAD_BYTES) / ENTRY_BYTES);
    let start = |index: usize| -> Option<u64> {
        let offset = word(HEAD_BYTES + index * ENTRY_BYTES)?;
        Some(lies.start.wrapping_add_signed(i64::from(offset)))
    };
    // The first one that begins behind the address.
    let (mut low, mut high) = (0, count);
    while low < high {
        let middle = low + (high - low) / 2;
        if start(middle)? <= address {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    start(low.checked_sub(1)?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::modules::Image;
    use proptest::prelude::*;

    #[inline(never)]
    fn known(number: u64) -> u64 {
        core::hint::black_box(number) + 1
    }

    #[test]
    fn a_function_of_this_program_begins_where_its_address_says() {
        assert_eq!(known(1), 2);
        let function = known as fn(u64) -> u64 as usize as u64;
        let image = Image::containing(function).expect("the program is an object");
        let section = image
            .bytes(&image.eh_frame_hdr)
            .expect("it has unwind information");
        let start = start_of(section, &image.eh_frame_hdr, function + 3 - image.bias);
        assert_eq!(start, Some(function - image.bias));
    }

    proptest! {
        #[test]
        fn the_last_start_at_or_before_an_address_is_found(
            starts in prop::collection::btree_set(0u32..1000, 0..20), address in 0u64..1200,
        ) {
            let mut section = HEAD.to_vec();
            section.extend([0; 4]);
            section.extend((starts.len() as u32).to_le_bytes());
            for &start in &starts {
                section.extend(start.to_le_bytes());
                section.extend([0; 4]);
            }
            let lies = 0x4000..0x4000 + section.len() as u64;
            let expected = starts.iter().map(|&start| 0x4000 + u64::from(start)).rfind(|&start| start <= 0x4000 + address);
            prop_assert_eq!(start_of(&section, &lies, 0x4000 + address), expected);
            for cut in 0..section.len() {
                let _ = start_of(&section[..cut], &lies, 0x4000 + address);
            }
        }
    }
}
