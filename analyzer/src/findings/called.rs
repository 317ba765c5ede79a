//! Where the functions of LDT's own that a program called lie in it: frame 0 of most stacks. The libraries name their
//! modules in the trace; their files say the rest.

use crate::replay::facts::Facts;
use object::elf::FileHeader64;
use object::read::elf::ElfFile;
use object::{Endianness, Object as _, ObjectSymbol as _, ReadCache};
use std::collections::HashMap;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// A function's first byte.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct CalledAt {
    /// In the process.
    pub address: u64,
    /// The library.
    pub module: Arc<Path>,
}

/// Knows the libraries' symbols, by the files' paths.
#[derive(Debug, Default)]
pub(super) struct Libraries(HashMap<PathBuf, HashMap<String, u64>>);

impl Libraries {
    /// What a process's trace says of them.
    pub(super) fn of_process(&mut self, facts: &Facts) -> Called {
        let mut called = Called::default();
        let ours = facts.modules.iter().filter(|module| {
            let name = module.path.file_name().and_then(|name| name.to_str());
            name.is_some_and(|name| name.starts_with("libldt"))
        });
        for module in ours {
            let symbols = self.0.entry(module.path.clone());
            let symbols = symbols.or_insert_with_key(|path| symbols_of(path).unwrap_or_default());
            let path: Arc<Path> = Arc::from(module.path.as_path());
            for (name, &value) in symbols.iter() {
                let at = CalledAt {
                    address: module.bias.wrapping_add(value),
                    module: Arc::clone(&path),
                };
                called.0.insert(name.clone(), at);
            }
        }
        called
    }
}

/// Functions by their symbols.
#[derive(Debug, Default)]
pub(super) struct Called(HashMap<String, CalledAt>);

impl Called {
    pub(super) fn at(&self, symbol: &str) -> Option<CalledAt> {
        self.0.get(symbol).cloned()
    }
}

/// Only the parts of the file that hold them are read: it may have much debug information. One that is gone, or is
/// another by now, tells nothing.
fn symbols_of(path: &Path) -> Option<HashMap<String, u64>> {
    let cache = ReadCache::new(File::open(path).ok()?);
    let file = ElfFile::<FileHeader64<Endianness>, _>::parse(&cache).ok()?;
    let symbols = file.dynamic_symbols();
    let defined = symbols.filter(|symbol| symbol.is_definition() && symbol.address() != 0);
    let named =
        defined.filter_map(|symbol| Some((symbol.name().ok()?.to_owned(), symbol.address())));
    Some(named.collect())
}
