//! What the profile mode has set out to reach against heaptrack 1.4, in the same run.

/// The figures that a workload is held to. A ratio is heaptrack's added cost over LDT's.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Target {
    /// Least ratio of the added CPU.
    pub(crate) cpu_ratio: Option<f64>,
    /// Least ratio of the added wall time.
    pub(crate) wall_ratio: Option<f64>,
    /// Most bytes of trace for each allocation.
    pub(crate) trace_bytes: f64,
}

/// Least ratio of the times to a full report.
pub(crate) const REPORT_RATIO: f64 = 5.0;

/// The most KiB that LDT may add to the program: 8 MiB, 1 MiB a thread, 24 bytes a stack node.
pub(crate) fn memory_kib(threads: u64, nodes: u64) -> u64 {
    (8 + threads) * 1024 + nodes * 24 / 1024
}

#[cfg(test)]
mod tests {
    #[test]
    fn memory_grows_with_threads_and_nodes() {
        assert_eq!(super::memory_kib(1, 0), 9 * 1024);
        assert_eq!(super::memory_kib(4, 1 << 20), 12 * 1024 + 24 * 1024);
    }
}
