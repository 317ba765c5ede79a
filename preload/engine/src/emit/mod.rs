//! From an event to the file: words go into the thread's [`window`], which is a piece of the trace
//! file itself, so a killed process has already saved them; a full window is packed with the help of
//! a [`scratch`] and appended to the [`trace_file`] as a chunk.

mod press;
pub mod scratch;
pub mod trace_file;
pub mod window;

pub use window::Window;
