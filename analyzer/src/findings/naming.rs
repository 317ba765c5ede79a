//! Names for the stacks of findings, kept from one finding to the next and from one process to the
//! next: a test suite runs the same code in hundreds of processes, and reading the debug
//! information of a module takes longer than most of them.

use super::called::{Called, Libraries};
use super::frame::{Frame, frames_at, module_paths};
use super::raw::Found;
use super::shared::{Shared, Stack};
use crate::replay::stacks::CodeAddress;
use crate::symbols::ahead::Opened;
use crate::symbols::{self, FrameName, LookUp, Named};
use ldt_trace::NodeId;
use rustc_hash::FxHashMap;
use std::collections::HashMap;
use std::ops::Range;
use std::path::PathBuf;
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
    /// What stacks of several processes have in common.
    pub(super) shared: Shared,
    /// Modules without names, and why.
    pub warnings: Vec<String>,
}

/// Stacks of one process with their names.
#[derive(Debug)]
pub struct NamedStacks<'a> {
    found: &'a Found,
    /// The frames of each address, innermost first.
    frames: FxHashMap<CodeAddress, Vec<Arc<Frame>>>,
    cut: Arc<Frame>,
    called: Called,
    /// What was looked up.
    look_up: LookUp,
}

/// Frames at either end of a stack that nobody will see, which only suppressions are held against: an endless recursion
/// leaves tens of thousands of stacks, of as many frames, behind.
const ENDS_OF_UNSEEN: usize = 512;

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
        for &address in &addresses {
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
        let modules = module_paths(&found.facts);
        let shared = &mut self.shared;
        let mut frames_of = |address| -> Vec<Arc<Frame>> {
            let frames = frames_at(address, &names, &found.facts, &modules);
            frames
                .into_iter()
                .map(|frame| shared.frame(frame))
                .collect()
        };
        NamedStacks {
            found,
            frames: addresses
                .into_iter()
                .map(|address| (address, frames_of(address)))
                .collect(),
            cut: self.shared.frame(Arc::new(Frame::cut())),
            called: self.libraries.of_process(&found.facts),
            look_up,
        }
    }

    /// Lets go what no finding needs any more.
    pub fn let_go(&mut self) {
        self.shared.let_go();
    }

    /// One of the stacks that were named, beneath the function that was called, as all processes have it that share it.
    pub fn shared_stack(
        &mut self,
        stacks: &NamedStacks<'_>,
        called: Frame,
        stack: NodeId,
    ) -> Stack {
        let mut frames = stacks.stack(Some(called), stack);
        if let Some(called) = frames.first_mut() {
            *called = self.shared.frame(Arc::clone(called));
        }
        self.shared.stack(frames)
    }
}

impl NamedStacks<'_> {
    /// One of the stacks that were named, beneath the function that was called if there is one; of one that nobody will
    /// see, its ends.
    #[must_use]
    pub fn stack(&self, called: Option<Frame>, stack: NodeId) -> Vec<Arc<Frame>> {
        let called = called.map(|frame| Frame {
            called_at: frame
                .symbol
                .as_deref()
                .and_then(|symbol| self.called.at(symbol)),
            ..frame
        });
        let mut frames: Vec<_> = called.map(Arc::new).into_iter().collect();
        let left_out = self.left_out(stack);
        for (number, address) in self.found.stacks.frames(stack).enumerate() {
            if left_out.contains(&number) {
                continue;
            }
            match self.frames.get(&address) {
                Some(named) => frames.extend_from_slice(named),
                None => frames.push(Arc::clone(&self.cut)),
            }
        }
        frames
    }

    fn left_out(&self, stack: NodeId) -> Range<usize> {
        if self.look_up == LookUp::Lines {
            return 0..0;
        }
        let length = self.found.stacks.frames(stack).count();
        ENDS_OF_UNSEEN..length.saturating_sub(ENDS_OF_UNSEEN)
    }
}
