//! What check mode finds, as blobs: an error ([`Finding`]), how often it came again ([`Repeat`]), and
//! a leak check ([`LeakCheck`] with its [`LeakRecord`]s).
//!
//! Call stacks are given as nodes of the trace's stack table, so that a record stays small and is
//! symbolized like everything else. All integers are little-endian; `FORMAT.md` has the tables.

mod bytes;
mod error;
mod kind;
mod leak;
mod wording;

pub use error::{BlockFacts, Finding, Repeat, Use};
pub use kind::{Access, BlockState, DetectedBy, ErrorKind, LeakKind};
pub use leak::{LeakCheck, LeakRecord};
pub use wording::{FirstLine, Place};
