//! Modules opened ahead: while a trace is still replayed, debug information that its report will
//! need is read already.
//!
//! Which addresses are shown is known at the end only, but the outermost frames are part of nearly
//! every call stack, so the modules that they are in are needed in any report: the program and the
//! C library. Reading the latter's debug information takes longer than replaying a small trace.
//! No other module is opened on suspicion: it may have gigabytes that nobody asks for.
//!
//! What else of them will probably be shown, the replay says when it has come through a quarter of the trace, and in
//! which other modules something will; those are opened then. Everything that is on a stack of the first events was
//! tried instead: for python3 it was too little.

use super::LookUp;
use super::module_names::{ModuleNames, Told, names_in, to_come};
use crate::replay::facts::{Facts, LoadedModule};
use crate::replay::stacks::{CodeAddress, Stacks};
use ldt_trace::file::{Scratch, TraceFile};
use ldt_trace::{Event, Words};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;

/// How many of a stack's frames, from the outermost, count as such.
const OUTERMOST: usize = 2;
/// More modules than this are not opened ahead.
const MOST: usize = 3;
/// Nor more than these, when it is known what will probably be shown.
const MOST_IN_ALL: usize = 8;
/// Of a trace whose first piece is a greater part (an inverse share) of it, all that is on its stacks is likely.
const SHORT: u64 = 4;

/// What will probably be shown.
#[derive(Debug)]
pub struct Likely {
    /// Where in the code.
    pub addresses: Vec<CodeAddress>,
    /// The modules that there are so far.
    pub modules: Vec<LoadedModule>,
}

/// Modules that are open, or being opened. What nobody asks for is closed with it.
#[derive(Debug, Default)]
pub struct Opened(Vec<OpenModule>);

/// A module and the thread that has it open.
#[derive(Debug)]
pub(super) struct OpenModule {
    module: LoadedModule,
    tell: Sender<Told>,
    answer: Answer,
}

/// What an open module will say.
#[derive(Debug)]
pub(super) struct Answer(Receiver<ModuleNames>);

impl Opened {
    /// Begins to open the modules that any report of this trace needs, and tells them what else will probably be asked
    /// for, as long as somebody says so.
    #[must_use]
    pub fn of(trace: &TraceFile, likely: &Receiver<Likely>) -> Self {
        let modules = outermost_modules(trace).into_iter().take(MOST);
        let open = modules.filter_map(|(module, likely)| OpenModule::begin(module, likely));
        let mut opened = Opened(open.collect());
        for likely in likely {
            opened.expect(likely);
        }
        opened
    }

    /// Tells each module what of it is likely, and opens those that have not been.
    fn expect(&mut self, likely: Likely) {
        let facts = Facts::of_modules(likely.modules);
        let mut by_module: BTreeMap<usize, Vec<u64>> = BTreeMap::new();
        for address in likely.addresses {
            if let Some(module) = facts.module_of(address.lookup(), address.epoch) {
                by_module.entry(module).or_default().push(address.lookup());
            }
        }
        for (number, addresses) in by_module {
            let module = &facts.modules[number];
            match self.0.iter().find(|open| open.module == *module) {
                Some(open) => open.expect(addresses),
                None if self.0.len() < MOST_IN_ALL => {
                    self.0.extend(OpenModule::begin(module.clone(), addresses));
                }
                None => {}
            }
        }
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
        let (tell, told) = channel();
        let (say, said) = channel();
        let of = module.clone();
        tell.send(Told::Likely(likely)).ok()?;
        let work = move || {
            let names = names_in(&of, &to_come(told, LookUp::Lines));
            // Nobody listens when nothing was asked.
            let _ = say.send(names);
        };
        thread::Builder::new().spawn(work).ok()?;
        Some(OpenModule {
            module,
            tell,
            answer: Answer(said),
        })
    }

    /// These addresses in it will probably be asked for.
    fn expect(&self, addresses: Vec<u64>) {
        // A module that has no names has said so and gone.
        let _ = self.tell.send(Told::Likely(addresses));
    }

    /// Asks for names of addresses in memory.
    pub(super) fn ask(self, addresses: Vec<u64>) -> Answer {
        // A module whose file is not the recorded one has said so without waiting.
        let _ = self.tell.send(Told::Asked(addresses));
        self.answer
    }
}

impl Answer {
    /// Waits for it.
    pub(super) fn get(self) -> ModuleNames {
        self.0.recv().unwrap_or_default()
    }
}

/// The modules in which the outermost frames of the first stacks are, each with the addresses of these; of a short
/// trace with all addresses of the first stacks that are in it.
fn outermost_modules(trace: &TraceFile) -> Vec<(LoadedModule, Vec<u64>)> {
    let first = trace.threads().iter().find_map(|thread| {
        let piece = thread.pieces.first()?;
        (thread.thread == 0).then_some(piece)
    });
    let (mut scratch, mut words) = (Scratch::new(), Vec::new());
    let pieces = trace.threads().iter().flat_map(|thread| &thread.pieces);
    let all_words: u64 = pieces.map(|piece| u64::from(piece.words)).sum();
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
    let is_short = words.len() as u64 > all_words / SHORT;
    let module_of = |address: &CodeAddress| facts.module_of(address.lookup(), address.epoch);
    let mut modules: BTreeMap<usize, Vec<u64>> = outermost
        .iter()
        .filter_map(|address| Some((module_of(address)?, Vec::new())))
        .collect();
    for address in if is_short { &addresses } else { &outermost } {
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
        let likely = |ip| CodeAddress {
            ip,
            exact: true,
            epoch: 0,
        };
        opened.expect(Likely {
            addresses: vec![likely(0x8642), likely(u64::MAX)],
            modules: vec![module.clone()],
        });
        let open = opened.take(&module).expect("it was opened");
        assert!(opened.take(&module).is_none(), "once is enough");
        let ahead = open.ask(addresses.clone()).get();
        assert_eq!(
            ahead.frames,
            names_in(&module, &known(addresses, LookUp::Lines)).frames
        );
        assert_eq!(ahead.frames.len(), 40);
    }

    #[test]
    fn what_is_likely_opens_the_module_that_it_is_in() {
        let module = own_module();
        let mut opened = Opened::default();
        let address = CodeAddress {
            ip: 0x4321,
            exact: true,
            epoch: 0,
        };
        opened.expect(Likely {
            addresses: vec![address],
            modules: vec![module.clone()],
        });
        let open = opened.take(&module).expect("it was opened");
        assert_eq!(open.ask(vec![0x4321]).get().frames.len(), 1);
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
