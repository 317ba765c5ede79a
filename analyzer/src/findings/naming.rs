//! Names for the stacks of findings, kept from one finding to the next and from one process to the
//! next: a test suite runs the same code in hundreds of processes, and reading the debug
//! information of a module takes longer than most of them.

use super::called::{Called, Libraries};
use super::frame::{Frame, frames_at, module_paths};
use super::raw::Found;
use crate::replay::stacks::CodeAddress;
use crate::symbols::ahead::Opened;
use crate::symbols::{self, FrameName, LookUp, Named, Names};
use ldt_trace::NodeId;
use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// A place in a module's file, whichever process it was loaded into.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Place {
    path: PathBuf,
    build_id: Vec<u8>,
    /// What is looked up, as an address of the file.
    address: u64,
    look_up: LookUp,
}

/// Gives names, and remembers them.
#[derive(Debug, Default)]
pub struct Namer {
    known: HashMap<Place, Vec<FrameName>>,
    libraries: Libraries,
    /// Modules without names, and why.
    pub warnings: Vec<String>,
}

/// Stacks of one process with their names.
#[derive(Debug)]
pub struct NamedStacks<'a> {
    found: &'a Found,
    names: Names,
    modules: Vec<Arc<Path>>,
    called: Called,
}

impl Namer {
    /// Names these stacks of a process.
    pub fn name<'a>(
        &mut self,
        found: &'a Found,
        stacks: impl Iterator<Item = NodeId>,
        look_up: LookUp,
    ) -> NamedStacks<'a> {
        let addresses = found.addresses(stacks);
        let place_of = |address: CodeAddress| {
            let module = found.facts.module_of(address.lookup(), address.epoch)?;
            let loaded = &found.facts.modules[module];
            let place = Place {
                path: loaded.path.clone(),
                build_id: loaded.build_id.clone(),
                address: address.lookup().wrapping_sub(loaded.bias),
                look_up,
            };
            Some((module, place))
        };
        let is_known = |address: &CodeAddress| {
            place_of(*address).is_some_and(|(_, place)| self.known.contains_key(&place))
        };
        let new: Vec<CodeAddress> = addresses
            .iter()
            .copied()
            .filter(|address| !is_known(address))
            .collect();
        let mut names = symbols::name(
            new.iter().copied(),
            &found.facts,
            &found.header,
            &mut Opened::default(),
            look_up,
        );
        self.warnings.append(&mut names.warnings);
        self.warnings.sort();
        self.warnings.dedup();
        for address in new {
            if let (Some((_, place)), Some(named)) = (place_of(address), names.get(address)) {
                self.known.insert(place, named.frames.clone());
            }
        }
        for address in addresses {
            if names.get(address).is_none()
                && let Some((module, place)) = place_of(address)
                && let Some(frames) = self.known.get(&place)
            {
                let named = Named {
                    module: Some(module),
                    frames: frames.clone(),
                };
                names.insert(address, named);
            }
        }
        NamedStacks {
            found,
            names,
            modules: module_paths(&found.facts),
            called: self.libraries.of_process(&found.facts),
        }
    }
}

impl NamedStacks<'_> {
    /// A stack, beneath the function that was called if there is one.
    #[must_use]
    pub fn stack(&self, called: Option<Frame>, stack: NodeId) -> Vec<Frame> {
        let facts = &self.found.facts;
        let addresses = self.found.stacks.frames(stack);
        let frames =
            addresses.flat_map(|address| frames_at(address, &self.names, facts, &self.modules));
        let called = called.map(|frame| Frame {
            called_at: frame
                .symbol
                .as_deref()
                .and_then(|symbol| self.called.at(symbol)),
            ..frame
        });
        called.into_iter().chain(frames).collect()
    }
}
