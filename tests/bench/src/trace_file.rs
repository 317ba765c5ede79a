//! The traces that a run left in its folder, how large they are, and how many stack nodes are in them.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use anyhow::{Result, anyhow};
use ldt_trace::{Event, Scratch, TraceFile, Words};

/// The sizes of all trace files of a run together.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct TraceSize {
    /// What the files take on the disk, holes left out.
    pub(crate) on_disk_bytes: u64,
    /// Their lengths.
    pub(crate) length_bytes: u64,
}

/// The traces in a folder: the command's own first, then those of its children.
pub(crate) fn find(folder: &Path) -> Result<Vec<PathBuf>> {
    let mut traces: Vec<PathBuf> = fs::read_dir(folder)?
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| {
            path.file_name().is_some_and(|name| {
                let name = name.to_string_lossy();
                name.starts_with("trace") || name.ends_with(".trace")
            })
        })
        .collect();
    traces.sort();
    Ok(traces)
}

/// Adds up the sizes of the traces in a folder.
pub(crate) fn size(folder: &Path) -> Result<TraceSize> {
    let mut size = TraceSize::default();
    for trace in find(folder)? {
        let metadata = fs::metadata(trace)?;
        size.on_disk_bytes += metadata.blocks() * 512;
        size.length_bytes += metadata.len();
    }
    Ok(size)
}

/// Counts the entries of the stack table that an LDT trace records: the target for memory is given by
/// them.
pub(crate) fn stack_nodes(trace: &Path) -> Result<u64> {
    let file = TraceFile::open(trace)?;
    let mut scratch = Scratch::default();
    let mut words = Vec::new();
    let mut nodes = 0;
    for piece in file.threads().iter().flat_map(|thread| &thread.pieces) {
        file.read(piece, &mut scratch, &mut words)
            .map_err(|damage| anyhow!("the trace is damaged: {damage:?}"))?;
        let is_node = |item: &ldt_trace::Item<'_>| matches!(item.event, Event::Node(_));
        nodes += Words::new(&words, 0).filter(is_node).count() as u64;
    }
    Ok(nodes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_traces_of_all_processes_count_and_nothing_else() {
        let folder = std::env::temp_dir().join(format!("ldt-bench-{}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        for (name, bytes) in [("trace", 10), ("trace.812", 5), ("stdout", 100)] {
            fs::write(folder.join(name), vec![1; bytes]).unwrap();
        }
        let found = find(&folder).unwrap();
        let size = size(&folder).unwrap();
        fs::remove_dir_all(&folder).unwrap();
        assert_eq!(found, [folder.join("trace"), folder.join("trace.812")]);
        assert_eq!(size.length_bytes, 15);
    }
}
