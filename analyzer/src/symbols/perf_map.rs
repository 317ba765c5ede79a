//! Functions that a just-in-time compiler made, from `/tmp/perf-PID.map`, where it wrote one.

use std::fs;
use std::path::Path;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// What the map says, by address.
#[derive(Debug, Default)]
pub struct PerfMap {
    /// Start, size, name, in the order of starts.
    functions: Vec<(u64, u64, String)>,
}

impl PerfMap {
    /// The map of the process that started then, empty if there is none. A map that is older is
    /// another process's that had the same id.
    #[must_use]
    pub fn of_process(pid: u32, started_realtime_ns: u64) -> Self {
        let path = format!("/tmp/perf-{pid}.map");
        let is_ours = |modified: SystemTime| {
            let since_epoch = modified.duration_since(UNIX_EPOCH).unwrap_or_default();
            since_epoch >= Duration::from_nanos(started_realtime_ns)
        };
        let modified = fs::metadata(&path).and_then(|metadata| metadata.modified());
        if !modified.is_ok_and(is_ours) {
            return PerfMap::default();
        }
        Self::read(Path::new(&path))
    }

    fn read(path: &Path) -> Self {
        let text = fs::read(path).unwrap_or_default();
        PerfMap::parse(&String::from_utf8_lossy(&text))
    }

    fn parse(text: &str) -> Self {
        let line = |line: &str| {
            let mut words = line.splitn(3, ' ');
            let start = u64::from_str_radix(words.next()?.trim_start_matches("0x"), 16).ok()?;
            let size = u64::from_str_radix(words.next()?.trim_start_matches("0x"), 16).ok()?;
            Some((start, size, words.next()?.trim().to_owned()))
        };
        let mut functions: Vec<_> = text.lines().filter_map(line).collect();
        // Stable: of several functions at one place the last one written stays last.
        functions.sort_by_key(|(start, ..)| *start);
        PerfMap { functions }
    }

    /// The function at this address.
    #[must_use]
    pub fn find(&self, address: u64) -> Option<&str> {
        let after = self
            .functions
            .partition_point(|(start, ..)| *start <= address);
        let (start, size, name) = self.functions.get(after.checked_sub(1)?)?;
        (address - start < *size).then_some(name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn functions_are_found_by_address() {
        let map = PerfMap::parse(
            "2000 10 LazyCompile:*add /a b.js:3\nnonsense\n1000 20 old\n1000 20 new\n",
        );
        assert_eq!(map.find(0x2005), Some("LazyCompile:*add /a b.js:3"));
        assert_eq!(map.find(0x2010), None);
        assert_eq!(map.find(0x101f), Some("new"));
        assert_eq!(map.find(0xfff), None);
    }
}
