//! Leaks by reachability: what the program cannot reach any more, found inside the process.

pub mod cliques;
mod likely;
pub mod mark;
pub mod records;

#[cfg(test)]
mod tests;
