//! What the trace knows of the process as a whole: its command, how it ended, its totals.

use super::Report;
use crate::replay::facts::Facts;
use ldt_trace::header::flag;

/// How a process ended, as the trace knows it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ProcessExit {
    /// The code, if it ended by itself.
    pub code: Option<i32>,
    /// The signal, if one killed it.
    pub signal: Option<u32>,
}

impl Report<'_> {
    /// How the process ended.
    #[must_use]
    pub fn exit(&self) -> ProcessExit {
        let header = &self.replayed.header;
        if header.exit_signal != 0 {
            return ProcessExit {
                code: None,
                signal: Some(header.exit_signal),
            };
        }
        let has_code = header.flags & (flag::EXITED | flag::REAPED) != 0;
        ProcessExit {
            code: has_code.then_some(header.exit_code),
            signal: None,
        }
    }

    /// Whether the trace has findings but no events: what was allocated where is not in it.
    #[must_use]
    pub fn is_unprofiled(&self) -> bool {
        self.replayed.header.flags & flag::UNPROFILED != 0
    }

    /// The command line.
    #[must_use]
    pub fn command(&self) -> Vec<&str> {
        command(&self.replayed.facts)
    }

    /// Sums over all sites of the trace, filtered or not.
    #[must_use]
    pub fn totals(&self) -> Totals {
        // What a site counts, its thread counts, and these are few.
        let mut totals = Totals::default();
        for thread in &self.replayed.heap.threads {
            totals.allocations += thread.allocations;
            totals.bytes = totals.bytes.wrapping_add(thread.bytes);
            totals.temporary += thread.temporary;
        }
        totals
    }

    /// The largest resident set, as the kernel saw it, or else as it was sampled.
    #[must_use]
    pub fn rss_peak_bytes(&self) -> Option<u64> {
        let sampled = self
            .replayed
            .heap
            .timeline
            .bins()
            .map(|(_, bin)| bin.rss_bytes)
            .max();
        let largest = self
            .replayed
            .header
            .rss_peak_bytes
            .max(sampled.unwrap_or(0));
        (largest > 0).then_some(largest)
    }
}

/// The command line of the process.
#[must_use]
pub fn command(facts: &Facts) -> Vec<&str> {
    let text = facts.meta.get("command").map_or("", String::as_str);
    let text = text.strip_suffix('\0').unwrap_or(text);
    if text.is_empty() {
        return Vec::new();
    }
    text.split('\0').collect()
}

/// Sums over the sites.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Totals {
    /// Successful allocations.
    pub allocations: u64,
    /// Bytes of these.
    pub bytes: u64,
    /// Those freed by their thread before its next one.
    pub temporary: u64,
}
