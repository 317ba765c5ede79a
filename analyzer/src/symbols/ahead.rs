//! Modules opened ahead: while a trace is still replayed, debug information that its report will
//! need is read already.
//!
//! Which addresses are shown is known at the end only, but the outermost frames are part of nearly
//! every call stack, so the modules that they are in are needed in any report: the program and the
//! C library. Reading the latter's debug information takes longer than replaying a small trace.
//! No other module is opened on suspicion: it may have gigabytes that nobody asks for.

use super::LookUp;
use super::module_names::{Addresses, ModuleNames, names_in};
use crate::replay::facts::{Facts, LoadedModule};
use crate::replay::stacks::{CodeAddress, Stacks};
use ldt_trace::file::{Scratch, TraceFile};
use ldt_trace::{Event, Words};
use std::cell::LazyCell;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;

/// How many of a stack's frames, from the outermost, count as such.
const OUTERMOST: usize = 2;
/// More modules than this are not opened ahead.
const MOST: usize = 3;

/// Modules that are open, or being opened. What nobody asks for is closed with it.
#[derive(Debug, Default)]
pub struct Opened(Vec<OpenModule>);

/// A module and the thread that has it open.
#[derive(Debug)]
pub(super) struct OpenModule {
    module: LoadedModule,
    ask: Sender<Vec<u64>>,
    answer: Answer,
}

/// What an open module will say.
#[derive(Debug)]
pub(super) struct Answer(Receiver<ModuleNames>);

impl Opened {
    /// Begins to open the modules that any report of this trace needs.
    #[must_use]
    pub fn of(trace: &TraceFile) -> Self {
        let modules = outermost_modules(trace).into_iter().take(MOST);
        let open = modules.filter_map(|(module, likely)| OpenModule::begin(module, likely));
        Opened(open.collect())
    }

    /// Hands a module over, if it was opened.
    pub(super) fn take(&mut self, module: &LoadedModule) -> Option<OpenModule> {
        let place = self.0.iter().position(|open| open.module == *module)?;
        Some(self.0.swap_remove(place))
    }
}

impl OpenModule {
    /// `None` when there is no thread to be had: then it is opened when it is needed.
    fn begin(module: LoadedModule, likely: Vec<u64>) -> Option<Self> {
        let (ask, asked) = channel();
        let (say, said) = channel();
        let of = module.clone();
        let work = move || {
            let wait = move || asked.recv().unwrap_or_default();
            let asked = LazyCell::new(Box::new(wait) as Box<_>);
            let look_up = LookUp::Lines;
            let addresses = Addresses {
                asked,
                likely,
                look_up,
            };
            let names = names_in(&of, &addresses);
            // Nobody listens when nothing was asked.
            let _ = say.send(names);
        };
        thread::Builder::new().spawn(work).ok()?;
        Some(OpenModule {
            module,
            ask,
            answer: Answer(said),
        })
    }

    /// Asks for names of addresses in memory.
    pub(super) fn ask(self, addresses: Vec<u64>) -> Answer {
        // A module whose file is not the recorded one has said so without waiting.
        let _ = self.ask.send(addresses);
        self.answer
    }
}

impl Answer {
    /// Waits for it.
    pub(super) fn get(self) -> ModuleNames {
        self.0.recv().unwrap_or_default()
    }
}

/// The modules in which the outermost frames of the first stacks are, each with all addresses of
/// the first stacks that are in it.
fn outermost_modules(trace: &TraceFile) -> Vec<(LoadedModule, Vec<u64>)> {
    let first = trace.threads().iter().find_map(|thread| {
        let piece = thread.pieces.first()?;
        (thread.thread == 0).then_some(piece)
    });
    let (mut scratch, mut words) = (Scratch::new(), Vec::new());
    let is_read = |piece| trace.read(piece, &mut scratch, &mut words).is_ok();
    if !first.is_some_and(is_read) {
        return Vec::new();
    }
    let (mut facts, mut stacks) = (Facts::default(), Stacks::default());
    let mut addresses: BTreeSet<CodeAddress> = BTreeSet::new();
    let mut outermost: BTreeSet<CodeAddress> = BTreeSet::new();
    for item in Words::new(&words, 0) {
        match item.event {
            Event::Blob { kind, words, bytes } => {
                facts.take(kind, words, bytes);
            }
            Event::Node(node) => {
                stacks.add(&node);
                addresses.extend(stacks.frames(node.id).next());
                let frames = stacks.frames(node.id);
                if frames.take(OUTERMOST + 1).count() <= OUTERMOST {
                    outermost.extend(stacks.frames(node.id).next());
                }
            }
            _ => {}
        }
    }
    facts.finish();
    let module_of = |address: &CodeAddress| facts.module_of(address.lookup(), address.epoch);
    let mut modules: BTreeMap<usize, Vec<u64>> = outermost
        .iter()
        .filter_map(|address| Some((module_of(address)?, Vec::new())))
        .collect();
    for address in &addresses {
        if let Some(of) = module_of(address).and_then(|number| modules.get_mut(&number)) {
            of.push(address.lookup());
        }
    }
    let module = |(number, likely): (usize, _)| (facts.modules[number].clone(), likely);
    modules.into_iter().map(module).collect()
}

#[cfg(test)]
mod tests {
    use super::super::module_names::known;
    use super::*;

    /// This test's own program, as if it were loaded where its file says.
    fn own_module() -> LoadedModule {
        LoadedModule {
            start: 0,
            end: u64::MAX,
            bias: 0,
            epoch: 0,
            build_id: Vec::new(),
            path: std::env::current_exe().expect("it is known"),
        }
    }

    #[test]
    fn an_opened_module_says_what_one_says_that_is_opened_when_needed() {
        let module = own_module();
        let addresses: Vec<u64> = (0..40).map(|place| place * 0x4321).collect();
        let mut opened = Opened(
            OpenModule::begin(module.clone(), vec![0x4321])
                .into_iter()
                .collect(),
        );
        let open = opened.take(&module).expect("it was opened");
        assert!(opened.take(&module).is_none());
        let ahead = open.ask(addresses.clone()).get();
        assert_eq!(
            ahead.frames,
            names_in(&module, &known(addresses, LookUp::Lines)).frames
        );
        assert_eq!(ahead.frames.len(), 40);
    }

    #[test]
    fn a_module_that_is_not_there_says_so() {
        let path = "/nonexistent/library.so".into();
        let module = LoadedModule {
            path,
            ..own_module()
        };
        let open = OpenModule::begin(module, Vec::new()).expect("a thread");
        let names = open.ask(vec![1]).get();
        assert!(names.frames.is_empty() && names.warning.is_some());
    }
}
