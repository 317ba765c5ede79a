//! The call stack of an event: [`capture`](Stacks::capture) gives the node of the stack table that
//! stands for it.
//!
//! [`unwind`] makes one step ([`rules`] makes most of them cheap), [`memo`] makes most steps unnecessary, [`bounds`] says which memory may
//! be read, [`table`] gives each distinct stack its number.

pub mod bounds;
pub mod memo;
pub mod rules;
pub mod table;
pub mod unwind;

pub use memo::Stacks;
