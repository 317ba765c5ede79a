//! The LDT trace format: what the preload writes and the analyzer reads, encode and decode side by
//! side so that they cannot drift apart. `FORMAT.md`, beside this crate, has the byte tables.
//!
//! The path of an event: [`words`] lays it out in a thread's *window* (memory shared with the
//! trace file, so that nothing is lost when the process is killed); when the window is full,
//! [`columns`] sorts its words by meaning and predicts them, [`chunk`] compresses the columns and
//! seals them with a checksum. [`file`](mod@file) walks a trace file and finds the chunks and windows again.
//!
//! Nothing here allocates on the encode side: every encoder writes into memory that it is given.
#![forbid(unsafe_code)]

pub mod blob;
pub mod chunk;
pub mod columns;
pub mod file;
pub mod finding;
pub mod function;
pub mod header;
pub mod stack_name;
pub mod words;
pub mod writer;

pub use blob::{Blob, BlobKind, Module};
pub use chunk::ChunkHeader;
pub use columns::Counters;
pub use file::{Piece, PieceKind, Scratch, ThreadPieces, TraceFile};
pub use finding::{Finding, LeakCheck, LeakRecord};
pub use function::Function;
pub use stack_name::StackName;
pub use words::{Event, Item, NodeId, WordSink, Words};
pub use writer::TraceWriter;

/// A point in time in *ticks* of the trace's own clock: the hardware counter shifted right by
/// [`header::Header::tick_shift`]. `Sample` events tie ticks to nanoseconds.
pub type Tick = u64;
