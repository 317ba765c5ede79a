//! The words of an error's first line, in AddressSanitizer's manner, and where an access lies in
//! relation to a block. `ldt` and a process that prints its findings itself say the same, so it is here.
//!
//! Writing allocates nothing: a dying process does it.
//!
//! ```text
//! heap-buffer-overflow: write of 4 bytes, 0 bytes after a block of 20 bytes at 0x7f0012340000
//! ```

use core::fmt;

use super::{Access, BlockFacts, BlockState, DetectedBy, ErrorKind, Finding};
use crate::Function;

/// Where the first byte of an access lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// This many bytes before the block's first one.
    Before(u64),
    /// This many bytes after the block's first one, in the block.
    Inside(u64),
    /// This many bytes after the block's end: 0 is the first byte behind it. Every address is
    /// before or after a block of size 0.
    After(u64),
}

impl Place {
    /// Where `address` lies in relation to the block of `size` bytes at `start`.
    #[must_use]
    pub fn of(address: u64, start: u64, size: u64) -> Place {
        match address.checked_sub(start) {
            None => Place::Before(start - address),
            Some(offset) if offset < size => Place::Inside(offset),
            Some(offset) => Place::After(offset - size),
        }
    }
}

impl Finding<'_> {
    /// Where the access begins in relation to the block, if there is one.
    #[must_use]
    pub fn place(&self) -> Option<Place> {
        let block = self.block?;
        Some(Place::of(self.address, block.address, block.size))
    }

    /// The first byte of the access minus that of the block.
    #[must_use]
    pub fn offset(&self) -> Option<i64> {
        let block = self.block?;
        Some(self.address.wrapping_sub(block.address) as i64)
    }

    /// The first line of the report, from the error's kind on.
    #[must_use]
    pub fn first_line(&self) -> FirstLine<'_> {
        FirstLine(self)
    }
}

/// Writes an error's first line; see [`Finding::first_line`].
#[derive(Clone, Copy, Debug)]
pub struct FirstLine<'a>(&'a Finding<'a>);

impl fmt::Display for FirstLine<'_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let finding = self.0;
        write!(out, "{}: ", finding.kind.shown())?;
        match finding.kind {
            ErrorKind::HeapBufferOverflow
            | ErrorKind::HeapBufferUnderflow
            | ErrorKind::HeapUseAfterFree => {
                access(out, finding)?;
                near(out, finding, ", ")?;
                found_later(out, finding.detected_by)
            }
            ErrorKind::DoubleFree => {
                out.write_str("second free of ")?;
                subject(out, finding)
            }
            ErrorKind::BadFree => bad_free(out, finding),
            ErrorKind::AllocDeallocMismatch => {
                subject(out, finding)?;
                if let Some(block) = &finding.block {
                    write!(out, ", allocated by {}", block.allocated.function.shown())?;
                }
                match function_called(finding) {
                    Some(function) => write!(out, ", freed by {}", function.shown()),
                    None => out.write_str(", freed by a function of another family"),
                }
            }
            ErrorKind::NewDeleteTypeMismatch => {
                subject(out, finding)?;
                out.write_str(", deleted as one of another size or alignment")
            }
            ErrorKind::MemcpyParamOverlap => write!(
                out,
                "source and destination overlap, {} bytes at {:#x}",
                finding.size, finding.address
            ),
            ErrorKind::CallocOverflow => {
                out.write_str("the product of the arguments is more than an address can reach")
            }
            ErrorKind::AllocationSizeTooBig => write!(
                out,
                "{} bytes asked for, as a signed number {}: no block can have so many",
                finding.size,
                finding.size.cast_signed()
            ),
            ErrorKind::InvalidAlignment => out
                .write_str("the alignment is no power of two, or not one that the function takes"),
            ErrorKind::UseAfterPoison => {
                access(out, finding)?;
                write!(
                    out,
                    " at {:#x}, which the program has marked as inaccessible",
                    finding.address
                )?;
                near(out, finding, ", ")
            }
            ErrorKind::Crash if finding.access == Access::Unknown && finding.address == 0 => {
                out.write_str("a fatal signal")
            }
            ErrorKind::Crash => {
                access(out, finding)?;
                write!(out, " at {:#x}", finding.address)?;
                near(out, finding, ", ")
            }
        }
    }
}

/// `write of 4 bytes`, or `write` when nobody knows how many. The plural is for whoever matches the line, as
/// in valgrind's `1 bytes in 1 blocks`.
fn access(out: &mut fmt::Formatter<'_>, finding: &Finding<'_>) -> fmt::Result {
    let word = match finding.access {
        Access::Unknown => "access",
        Access::Read => "read",
        Access::Write => "write",
    };
    match finding.size {
        0 => out.write_str(word),
        size => write!(out, "{word} of {size} bytes"),
    }
}

/// `a block of 20 bytes at 0x…`.
fn block_words(out: &mut fmt::Formatter<'_>, block: &BlockFacts) -> fmt::Result {
    let article = match block.state {
        BlockState::Live => "a block",
        BlockState::Freed => "a freed block",
    };
    write!(
        out,
        "{article} of {} bytes at {:#x}",
        block.size, block.address
    )
}

/// The block, or the address where there is none.
fn subject(out: &mut fmt::Formatter<'_>, finding: &Finding<'_>) -> fmt::Result {
    match &finding.block {
        Some(block) => block_words(out, block),
        None => write!(out, "{:#x}", finding.address),
    }
}

/// `0 bytes after a block of 20 bytes at 0x…`, if there is a block; `separator` comes first.
fn near(out: &mut fmt::Formatter<'_>, finding: &Finding<'_>, separator: &str) -> fmt::Result {
    let (Some(place), Some(block)) = (finding.place(), &finding.block) else {
        return Ok(());
    };
    out.write_str(separator)?;
    match place {
        Place::Before(bytes) => write!(out, "{bytes} bytes before ")?,
        Place::Inside(bytes) => write!(out, "{bytes} bytes inside ")?,
        Place::After(bytes) => write!(out, "{bytes} bytes after ")?,
    }
    block_words(out, block)?;
    let left = block
        .size
        .wrapping_sub(finding.address.wrapping_sub(block.address));
    match place {
        Place::Inside(_) if finding.size > left => {
            write!(out, " and {} bytes past its end", finding.size - left)
        }
        _ => Ok(()),
    }
}

fn bad_free(out: &mut fmt::Formatter<'_>, finding: &Finding<'_>) -> fmt::Result {
    write!(out, "{:#x} ", finding.address)?;
    if finding.block.is_none() {
        return out.write_str("is not a block of the heap");
    }
    out.write_str("is not the start of a block, it is")?;
    near(out, finding, " ")
}

fn found_later(out: &mut fmt::Formatter<'_>, by: DetectedBy) -> fmt::Result {
    match by {
        DetectedBy::Redzone => out.write_str(" (found later, by its redzone)"),
        DetectedBy::Quarantine => out.write_str(" (found later, when it left the quarantine)"),
        DetectedBy::Crash => out.write_str(" (found later, by the crash that it led to)"),
        _ => Ok(()),
    }
}

/// The allocation function that was called, if it was one.
fn function_called(finding: &Finding<'_>) -> Option<Function> {
    let is_it = |function: &&Function| function.symbol().as_bytes() == finding.called;
    Function::ALL.iter().find(is_it).copied()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::NodeId;
    use crate::finding::Use;

    fn block(state: BlockState, size: u64) -> BlockFacts {
        let used = Use {
            thread: 0,
            function: Function::Malloc,
            stack: NodeId(1),
        };
        BlockFacts {
            address: 0x1000,
            size,
            alignment: 1,
            state,
            allocated: used,
            freed: (state == BlockState::Freed).then_some(used),
        }
    }

    fn line(kind: ErrorKind, access: Access, size: u64, address: u64, of: BlockFacts) -> String {
        error(
            kind,
            DetectedBy::Guard,
            (access, size, address),
            b"",
            Some(of),
        )
    }

    fn error(
        kind: ErrorKind,
        detected_by: DetectedBy,
        (access, size, address): (Access, u64, u64),
        called: &[u8],
        block: Option<BlockFacts>,
    ) -> String {
        let finding = Finding {
            id: 1,
            kind,
            detected_by,
            access,
            size,
            address,
            thread: 0,
            stack: NodeId(1),
            called,
            block,
            memory_at: 0,
            memory: &[],
            expected: &[],
            note: &[],
        };
        finding.first_line().to_string()
    }

    #[test]
    fn accesses_are_told_as_the_contract_shows() {
        use Access::{Read, Unknown, Write};
        use ErrorKind::{HeapBufferOverflow, HeapBufferUnderflow, HeapUseAfterFree};
        let live = |size| block(BlockState::Live, size);
        assert_eq!(
            line(HeapBufferOverflow, Write, 4, 0x1014, live(20)),
            "heap-buffer-overflow: write of 4 bytes, 0 bytes after a block of 20 bytes at 0x1000"
        );
        assert_eq!(
            line(HeapBufferOverflow, Read, 8, 0x1010, live(20)),
            "heap-buffer-overflow: read of 8 bytes, 16 bytes inside a block of 20 bytes at 0x1000 \
             and 4 bytes past its end"
        );
        assert_eq!(
            line(HeapBufferUnderflow, Unknown, 0, 0xffc, live(20)),
            "heap-buffer-underflow: access, 4 bytes before a block of 20 bytes at 0x1000"
        );
        assert_eq!(
            line(
                HeapUseAfterFree,
                Read,
                8,
                0x1003,
                block(BlockState::Freed, 24)
            ),
            "heap-use-after-free: read of 8 bytes, 3 bytes inside a freed block of 24 bytes at 0x1000"
        );
        assert_eq!(
            line(HeapBufferOverflow, Write, 1, 0x1000, live(0)),
            "heap-buffer-overflow: write of 1 bytes, 0 bytes after a block of 0 bytes at 0x1000"
        );
    }

    #[test]
    fn frees_are_told_with_what_is_known() {
        let touch = (Access::Unknown, 0, 0x1008);
        let live = Some(block(BlockState::Live, 24));
        let told = |kind, called: &[u8], block| error(kind, DetectedBy::Free, touch, called, block);
        assert_eq!(
            told(ErrorKind::BadFree, b"free", live),
            "bad-free: 0x1008 is not the start of a block, it is 8 bytes inside a block of 24 bytes at 0x1000"
        );
        assert_eq!(
            told(ErrorKind::BadFree, b"free", None),
            "bad-free: 0x1008 is not a block of the heap"
        );
        assert_eq!(
            told(
                ErrorKind::DoubleFree,
                b"free",
                Some(block(BlockState::Freed, 24))
            ),
            "double-free: second free of a freed block of 24 bytes at 0x1000"
        );
        assert_eq!(
            told(ErrorKind::AllocDeallocMismatch, b"_ZdaPv", live),
            "alloc-dealloc-mismatch: a block of 24 bytes at 0x1000, allocated by malloc, \
             freed by operator delete[](void*)"
        );
    }

    #[test]
    fn a_crash_tells_the_access_if_there_was_one() {
        let told = |access, size, address| {
            error(
                ErrorKind::Crash,
                DetectedBy::Signal,
                (access, size, address),
                b"",
                None,
            )
        };
        assert_eq!(told(Access::Read, 4, 8), "crash: read of 4 bytes at 0x8");
        assert_eq!(told(Access::Unknown, 0, 0), "crash: a fatal signal");
    }

    #[test]
    fn damage_says_that_it_was_found_later() {
        let told = error(
            ErrorKind::HeapBufferOverflow,
            DetectedBy::Redzone,
            (Access::Write, 3, 0x1015),
            b"",
            Some(block(BlockState::Live, 20)),
        );
        assert_eq!(
            told,
            "heap-buffer-overflow: write of 3 bytes, 1 bytes after a block of 20 bytes at 0x1000 \
             (found later, by its redzone)"
        );
    }

    #[test]
    fn a_place_is_before_inside_or_after() {
        assert_eq!(Place::of(0xfff, 0x1000, 4), Place::Before(1));
        assert_eq!(Place::of(0x1003, 0x1000, 4), Place::Inside(3));
        assert_eq!(Place::of(0x1004, 0x1000, 4), Place::After(0));
        assert_eq!(Place::of(0x1000, 0x1000, 0), Place::After(0));
    }
}
