//! What the trace tells besides events: loaded modules, names of threads, facts about the process.

use ldt_trace::{Blob, BlobKind};
use std::collections::{BTreeMap, HashSet};
use std::path::PathBuf;

/// Records of a damaged trace may repeat for ever; a process with more modules than this is none.
const MAX_MODULES: usize = 1 << 18;
const MAX_META: usize = 1 << 16;

/// An object that was loaded at some time.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct LoadedModule {
    /// First address.
    pub start: u64,
    /// One past the last address.
    pub end: u64,
    /// Address in memory less address in the file.
    pub bias: u64,
    /// The generation in which it came.
    pub epoch: u16,
    /// GNU build-id, empty when it has none.
    pub build_id: Vec<u8>,
    /// Where it was loaded from.
    pub path: PathBuf,
}

/// Modules and facts about the process.
#[derive(Debug, Default)]
pub struct Facts {
    /// In the order in which they were recorded.
    pub modules: Vec<LoadedModule>,
    /// The facts by key.
    pub meta: BTreeMap<String, String>,
    seen: HashSet<LoadedModule>,
    /// Modules by start, each with the highest end of all up to it.
    by_start: Vec<(usize, u64)>,
}

impl Facts {
    /// Nothing but these modules.
    #[must_use]
    pub fn of_modules(modules: Vec<LoadedModule>) -> Self {
        let mut facts = Facts {
            modules,
            ..Facts::default()
        };
        facts.finish();
        facts
    }

    /// Takes in a record; gives the thread's name if it is one.
    pub fn take(&mut self, kind: BlobKind, words: &[u64], bytes: usize) -> Option<String> {
        let blob = Blob::from_words(words, bytes);
        match kind {
            BlobKind::Module => self.take_module(blob.bytes()),
            // Epochs already say which module an address belonged to.
            BlobKind::ModuleGone => {}
            BlobKind::ThreadName => return Some(text(blob.bytes())),
            BlobKind::Meta => self.take_meta(blob.bytes()),
            // What check mode found, which `crate::findings` collects.
            BlobKind::Finding
            | BlobKind::Repeat
            | BlobKind::LeakCheck
            | BlobKind::LeakRecord
            | BlobKind::Mark => {}
        }
        None
    }

    fn take_module(&mut self, bytes: &[u8]) {
        use std::os::unix::ffi::OsStrExt as _;
        let Some(module) = ldt_trace::Module::decode(bytes) else {
            return;
        };
        let module = LoadedModule {
            start: module.start,
            end: module.end,
            bias: module.bias,
            epoch: module.epoch,
            build_id: module.build_id.to_vec(),
            path: PathBuf::from(std::ffi::OsStr::from_bytes(module.path)),
        };
        // A module is recorded again when a library was loaded or a process forked.
        if self.modules.len() < MAX_MODULES && self.seen.insert(module.clone()) {
            self.modules.push(module);
        }
    }

    fn take_meta(&mut self, bytes: &[u8]) {
        let text = text(bytes);
        if let Some((key, value)) = text.split_once('=')
            && self.meta.len() < MAX_META
        {
            self.meta.insert(key.to_owned(), value.to_owned());
        }
    }

    /// Everything has come: makes modules quick to find.
    pub fn finish(&mut self) {
        let modules = &self.modules;
        let mut by_start: Vec<usize> = (0..modules.len()).collect();
        by_start.sort_by_key(|index| modules[*index].start);
        let mut reach = 0;
        self.by_start = by_start
            .into_iter()
            .map(|index| {
                reach = modules[index].end.max(reach);
                (index, reach)
            })
            .collect();
    }

    /// The module that an address of code belongs to: the one that covers it and came last before
    /// or in the address's own generation.
    #[must_use]
    pub fn module_of(&self, ip: u64, epoch: u16) -> Option<usize> {
        let starts_before = |(index, _): &(usize, u64)| self.modules[*index].start <= ip;
        let begun = &self.by_start[..self.by_start.partition_point(starts_before)];
        let near = begun.iter().rev().take_while(|(_, reach)| *reach > ip);
        near.map(|(index, _)| *index)
            .filter(|index| self.modules[*index].end > ip && self.modules[*index].epoch <= epoch)
            .max_by_key(|index| (self.modules[*index].epoch, *index))
    }
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn module(start: u64, epoch: u16, path: &str) -> LoadedModule {
        LoadedModule {
            start,
            end: start + 0x1000,
            bias: start,
            epoch,
            build_id: Vec::new(),
            path: path.into(),
        }
    }

    #[test]
    fn an_address_belongs_to_the_module_of_its_time() {
        let mut facts = Facts {
            modules: vec![
                module(0x1000, 0, "a"),
                module(0x1000, 3, "b"),
                module(0x5000, 0, "c"),
                module(0x1400, 9, "d"),
            ],
            ..Facts::default()
        };
        facts.finish();
        assert_eq!(facts.module_of(0x1800, 0), Some(0));
        assert_eq!(facts.module_of(0x1800, 2), Some(0));
        assert_eq!(facts.module_of(0x1800, 7), Some(1));
        assert_eq!(facts.module_of(0x5fff, 7), Some(2));
        assert_eq!(facts.module_of(0x6000, 7), None);
        assert_eq!(facts.module_of(0x1800, 9), Some(3));
        assert_eq!(facts.module_of(0x1300, 9), Some(1));
    }
}
