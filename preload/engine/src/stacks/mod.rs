//! The call stack of an event: [`capture`](Stacks::capture) gives the node of the stack table that
//! stands for it.
//!
//! [`unwind`] makes one step ([`rules`] makes most of them cheap), [`memo`] makes most steps unnecessary, [`bounds`] says which memory may
//! be read ([`mappings`] knows what is mapped), [`table`] gives each distinct stack its number.

pub mod bounds;
mod mappings;
pub mod memo;
pub(crate) mod recursion;
pub mod rules;
pub mod table;
pub mod unwind;

pub use mappings::readable_above as readable_mapping_above;
pub use memo::Stacks;
