//! LDT's own heap: where blocks lie in check mode, and what is known of each.
//!
//! `README.md` beside this file tells the life of a checked block through these modules.

mod altered;
mod bytes;
mod check;
mod config;
mod counters;
mod fenced;
mod figures;
pub mod fork;
mod groups;
mod guarded;
mod guarding;
mod heap;
mod in_call;
mod large;
mod leave;
mod lift;
mod limits;
mod lookup;
mod mapped;
mod mapped_over;
mod meta;
mod misuse;
mod pinned;
mod quarantine;
mod region;
mod report;
mod request;
mod runs;
mod settings;
mod shelves;
mod siblings;
mod slot;
mod span;
mod stacks;
mod tables;
mod unwritten;
mod walk;
mod watch;

pub use altered::{Alteration, alter, is_altered, part_of_heap, unprotected};
pub use check::check_all;
pub use config::Config;
pub use figures::{Figures, figures, give_back_reserved, trim};
pub use guarded::{Method, method};
pub use heap::{ThreadHeap, start};
pub use lift::{Lifted, close, close_again, lift, open};
pub use lookup::{ask_for, find, fits, is_ours, neighbours, room};
pub use mapped::{note_mapped, note_unmapped};
pub use mapped_over::{each_mapped, renewed};
pub use pinned::{PINS_MAX, pin};
pub use report::{Block, Damage, Found, Guarding, Misuse};
pub use request::{Free, Request, Resized, Zeroed};
pub use span::Lifts;
pub use walk::{Place, Span, each_span, locate, number_blocks, size_of_live};
pub use watch::{Watched, abandon, pass, start as start_watching, stop as stop_watching, watched};
