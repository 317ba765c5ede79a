//! LDT's own heap: where blocks lie in check mode, and what is known of each.
//!
//! `README.md` beside this file tells the life of a checked block through these modules.

mod config;
mod heap;
mod report;
mod request;
mod walk;

pub use config::Config;
pub use heap::{ThreadHeap, check_all, find, is_ours, lift, neighbours, start};
pub use report::{Block, Damage, Found, Guarding, Misuse};
pub use request::{Free, Request, Resized, Zeroed};
pub use walk::{Place, Span, each_live, each_span, locate, number_blocks, size_of_live};
