//! The analyzer.
#![forbid(unsafe_code)]
