//! Opening a trace for a command that needs its events.

use crate::failure::Failure;
use ldt_trace::TraceFile;
use ldt_trace::header::flag;
use std::path::Path;

/// Opens a trace that says who allocated what. That of a check without `--profile` has findings alone: whatever was
/// made of it would be empty, and a gate on it green.
pub(super) fn open(path: &Path) -> Result<TraceFile, Failure> {
    let trace = TraceFile::open(path).map_err(|error| Failure::own(error.to_string()))?;
    if has_none(&trace) {
        return Err(Failure::own(format!(
            "{}: it holds the findings of a check and records no allocations: \
             use `ldt check --profile`, or `ldt profile`",
            path.display()
        )));
    }
    Ok(trace)
}

/// Whether a trace has findings alone.
pub(super) fn has_none(trace: &TraceFile) -> bool {
    trace.header().flags & flag::UNPROFILED != 0
}
