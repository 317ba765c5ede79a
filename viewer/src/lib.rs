//! Draws.
#![forbid(unsafe_code)]
