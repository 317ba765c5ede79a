//! Names for addresses of code: function, file and line, inlined frames.
//!
//! Only what a report shows is looked up, all of it at once: [`name`] sorts the addresses by
//! module, and each core takes modules until none is left ([`module_names`]). Nothing stays open.
//! Modules that will be needed in any case may have been opened before ([`ahead`]).

pub mod ahead;
pub mod debug_files;
pub mod demangle;
pub mod kept;
mod module_names;
mod nearby;
mod needed;
pub mod perf_map;
mod sections;
mod split;
mod symbol_table;
pub mod sysroot;

use crate::replay::facts::Facts;
use crate::replay::stacks::CodeAddress;
use ahead::Opened;
use ldt_trace::header::Header;
use module_names::{ModuleNames, known, names_in};
use perf_map::PerfMap;
use std::collections::{BTreeMap, HashMap};
use std::sync::Mutex;

/// A frame of a call stack as far as its name is known.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FrameName {
    /// Demangled.
    pub function: Option<String>,
    /// As the object file has it, where that is another name: suppressions match it.
    pub symbol: Option<String>,
    /// Source file, as the compiler noted it.
    pub file: Option<String>,
    /// Line, from 1.
    pub line: Option<u32>,
    /// It has no frame of its own: the compiler put it into the next one.
    pub is_inlined: bool,
}

/// What is known of an address.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Named {
    /// Index into [`Facts::modules`].
    pub module: Option<usize>,
    /// Innermost first; never empty once named, though its one frame may be nameless.
    pub frames: Vec<FrameName>,
}

/// How much is to be known of an address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum LookUp {
    /// Inlined functions, files and lines, too.
    Lines,
    /// The function that the symbol table has, for which no debug information is read.
    Functions,
}

/// Names of all addresses that were asked for.
#[derive(Debug, Default)]
pub struct Names {
    by_address: HashMap<CodeAddress, Named>,
    /// Modules without names, or with other names than one would expect, and why.
    pub warnings: Vec<String>,
}

impl Names {
    /// What is known of an address.
    #[must_use]
    pub fn get(&self, address: CodeAddress) -> Option<&Named> {
        self.by_address.get(&address)
    }

    /// Notes what is known of an address.
    pub fn insert(&mut self, address: CodeAddress, named: Named) {
        self.by_address.insert(address, named);
    }
}

/// Names addresses.
#[must_use]
pub fn name(
    addresses: impl IntoIterator<Item = CodeAddress>,
    facts: &Facts,
    header: &Header,
    opened: &mut Opened,
    look_up: LookUp,
) -> Names {
    let mut names = Names::default();
    let mut by_module: BTreeMap<usize, Vec<CodeAddress>> = BTreeMap::new();
    let mut strays = Vec::new();
    for address in addresses {
        if address.ip == 0 || names.by_address.contains_key(&address) {
            continue;
        }
        let module = facts.module_of(address.lookup(), address.epoch);
        let named = Named {
            module,
            frames: vec![FrameName::default()],
        };
        names.by_address.insert(address, named);
        match module {
            Some(module) => by_module.entry(module).or_default().push(address),
            None => strays.push(address),
        }
    }
    for (module, addresses, found) in name_modules(&by_module, facts, opened, look_up) {
        names.warnings.extend(found.warning);
        let named = addresses.iter().zip(found.frames);
        for (address, frames) in named.filter(|(_, frames)| !frames.is_empty()) {
            let module = Some(module);
            names.by_address.insert(*address, Named { module, frames });
        }
    }
    name_strays(&mut names, &strays, header);
    names.warnings.sort();
    names.warnings.dedup();
    names
}

type NamedModule<'a> = (usize, &'a [CodeAddress], ModuleNames);

/// Names each module's addresses, on all cores.
fn name_modules<'a>(
    by_module: &'a BTreeMap<usize, Vec<CodeAddress>>,
    facts: &Facts,
    opened: &mut Opened,
    look_up: LookUp,
) -> Vec<NamedModule<'a>> {
    let lookups = |addresses: &[CodeAddress]| -> Vec<u64> {
        addresses.iter().map(|address| address.lookup()).collect()
    };
    // Those that are open already answer while the others are looked through.
    let (mut asked, mut rest) = (Vec::new(), Vec::new());
    for (number, addresses) in by_module {
        match opened.take(&facts.modules[*number]) {
            Some(module) => asked.push((*number, addresses, module.ask(lookups(addresses)))),
            None => rest.push((number, addresses)),
        }
    }
    let threads = rest.len();
    let queue = Mutex::new(rest.into_iter());
    let done = Mutex::new(Vec::new());
    let take_one = || queue.lock().ok()?.next();
    let work = || {
        while let Some((number, addresses)) = take_one() {
            let found = names_in(&facts.modules[*number], &known(lookups(addresses), look_up));
            if let Ok(mut done) = done.lock() {
                done.push((*number, &addresses[..], found));
            }
        }
    };
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    std::thread::scope(|scope| {
        for _ in 1..cores.min(threads) {
            // Without a thread more, this one does it all.
            let _ = std::thread::Builder::new().spawn_scoped(scope, work);
        }
        work();
    });
    let mut done = done.into_inner().unwrap_or_default();
    let answered = asked
        .into_iter()
        .map(|(number, addresses, answer)| (number, &addresses[..], answer.get()));
    done.extend(answered);
    done
}

/// Code that belongs to no module was made while the program ran.
fn name_strays(names: &mut Names, strays: &[CodeAddress], header: &Header) {
    if strays.is_empty() {
        return;
    }
    let map = PerfMap::of_process(header.pid, header.start_realtime_ns);
    for address in strays {
        let Some(function) = map.find(address.lookup()) else {
            continue;
        };
        if let Some(named) = names.by_address.get_mut(address) {
            named.frames[0].function = Some(function.to_owned());
        }
    }
}
