//! Rows of level bars, each with a name before it and its figure behind it: threads beside each other, and call
//! stacks before and after.
//!
//! `grid` shares the page out between names, bars and figures, and says how many rows there is room for;
//! `threads` and `changes` are the two pictures.

mod changes;
mod grid;
mod threads;

pub use changes::{ChangeRow, ChangesChart};
pub use threads::{ThreadRow, ThreadsChart};
