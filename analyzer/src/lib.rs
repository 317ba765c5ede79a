//! The analyzer: what `ldt` does, as a library. `README.md`, beside this crate, follows one trace
//! through it, file by file.
#![forbid(unsafe_code)]

pub mod check;
pub mod cli;
mod commands;
pub mod diff;
pub mod export;
pub mod failure;
pub mod findings;
pub mod growth;
pub mod html;
pub mod launch;
mod output;
mod pager;
pub mod pictures;
pub mod progress;
pub mod replay;
pub mod report;
pub mod standard;
pub mod symbols;
pub mod units;
pub mod waste;
