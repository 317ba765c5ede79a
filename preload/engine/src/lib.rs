//! All that runs inside the watched program, without exported symbols, so that tests and benches can
//! link it. `../README.md` tells the life of one malloc through these modules.
//!
//! The rules of the event path: no lock that others can hold, no allocation, no call into libc that
//! may do either, no panic. When LDT cannot go on it says so once and gets out of the way.

pub mod blocks;
pub mod calls;
pub mod clock;
pub mod counts;
pub mod demand;
pub mod diagnose;
mod early;
pub mod emit;
pub mod faults;
pub mod findings;
pub mod hooks;
pub mod hull;
pub mod leaks;
pub mod message;
pub mod modes;
pub mod modules;
pub mod options;
pub mod process;
pub mod real;
pub mod recorder;
pub mod recording;
pub mod reentry;
pub mod stacks;
pub mod sys;
mod waiting;
