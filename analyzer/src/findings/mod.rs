//! What check mode found in one process: its errors, its leak checks, what it counted.
//!
//! [`reader`] takes them out of a trace, whole or still growing; [`named`] gives their stacks names,
//! which is what every report is made of. Reports of allocations go another way
//! ([`crate::replay`]): findings are few, and must be shown while the process runs.

pub mod called;
pub mod frame;
pub mod json;
pub mod named;
pub mod naming;
pub mod raw;
pub mod reader;
pub mod shared;

pub use frame::Frame;
pub use named::{Coverage, ErrorReport, LeakReport, LossRecord, ProcessReport};
pub use naming::Namer;
pub use raw::Found;
pub use reader::Reader;

use crate::symbols::LookUp;
use ldt_trace::file::{Error, Scratch, TraceFile};
use std::path::Path;

/// Everything that check mode found, from a trace at rest; `None` for a trace of another mode.
pub fn of_trace(path: &Path, namer: &mut Namer) -> Result<Option<ProcessReport>, Error> {
    Ok(raw_of_trace(path)?.map(|found| named::process(&found, namer, |_| LookUp::Lines)))
}

/// The same as the trace has it, without names.
pub fn raw_of_trace(path: &Path) -> Result<Option<Found>, Error> {
    // Reading means decoding everything: for a long trace of another mode that was half of a report's time.
    let trace = TraceFile::open(path)?;
    if trace.header().checked.is_none() {
        return Ok(None);
    }
    let mut found = Found::default();
    Reader::default().read(&trace, &mut Scratch::new(), &mut found);
    Ok(Some(found))
}
