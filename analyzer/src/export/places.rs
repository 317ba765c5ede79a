//! The frames of all stacks, numbered: formats that are read by other programs name each frame once
//! and then refer to it.

use crate::replay::stacks::CodeAddress;
use crate::report::Report;
use crate::report::frames::{Naming, ShownFrame};
use crate::report::site::SiteView;
use ldt_trace::Function;
use rustc_hash::FxHashMap;
use std::borrow::Cow;
use std::path::Path;

/// A frame as other programs show it: what is the same for several addresses is one place.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Place<'a> {
    /// The function; code without a name is called after its module and offset.
    pub(super) function: Cow<'a, str>,
    pub(super) file: Option<&'a str>,
    pub(super) line: Option<u32>,
    pub(super) module: Option<&'a Path>,
}

impl<'a> Place<'a> {
    fn new(frame: &ShownFrame<'a>) -> Self {
        Place {
            function: name(frame),
            file: frame.file,
            line: frame.line,
            module: frame.module,
        }
    }
}

/// What a frame is called. Every frame has a name that is not empty, because no format knows
/// nameless ones.
pub(super) fn name<'a>(frame: &ShownFrame<'a>) -> Cow<'a, str> {
    if frame.is_cut {
        return Cow::Borrowed("(the stack goes on, but was cut here)");
    }
    if let Some(function) = frame.function.filter(|function| !function.is_empty()) {
        return Cow::Borrowed(function);
    }
    let module = frame.module.and_then(Path::file_name);
    match (module, frame.offset) {
        (Some(module), Some(offset)) => format!("{}+{offset:#x}", module.to_string_lossy()).into(),
        _ => format!("{:#x}", frame.address.unwrap_or(0)).into(),
    }
}

/// All places of a report, in the order in which they were first asked for.
pub(super) struct Places<'a> {
    naming: Naming<'a>,
    pub(super) all: Vec<Place<'a>>,
    numbers: FxHashMap<Place<'a>, u32>,
    by_address: FxHashMap<CodeAddress, Vec<u32>>,
    by_function: FxHashMap<Function, u32>,
}

impl<'a> Places<'a> {
    pub(super) fn new(report: &'a Report<'_>) -> Self {
        Places {
            naming: report.naming(),
            all: Vec::new(),
            numbers: FxHashMap::default(),
            by_address: FxHashMap::default(),
            by_function: FxHashMap::default(),
        }
    }

    /// The stack of a site, innermost first, without the function called.
    pub(super) fn callers(&mut self, site: &SiteView) -> Vec<u32> {
        let mut stack = Vec::new();
        for address in self.naming.replayed.stacks.frames(site.stack) {
            if !self.by_address.contains_key(&address) {
                let frames = self.naming.frames_at(address);
                let places: Vec<Place<'a>> = frames.map(|frame| Place::new(&frame)).collect();
                let numbers = places.into_iter().map(|place| self.number(place)).collect();
                self.by_address.insert(address, numbers);
            }
            stack.extend_from_slice(&self.by_address[&address]);
        }
        stack
    }

    /// The whole stack of a site, innermost first: the function called, then its callers.
    pub(super) fn stack(&mut self, site: &SiteView) -> Vec<u32> {
        let mut stack = vec![self.called(site)];
        stack.append(&mut self.callers(site));
        stack
    }

    /// The function called; also what stands for a stack that has no frame.
    pub(super) fn called(&mut self, site: &SiteView) -> u32 {
        if let Some(number) = self.by_function.get(&site.function) {
            return *number;
        }
        let number = self.number(Place::new(&Naming::called(site)));
        self.by_function.insert(site.function, number);
        number
    }

    fn number(&mut self, place: Place<'a>) -> u32 {
        let next = self.all.len() as u32;
        let number = *self.numbers.entry(place.clone()).or_insert(next);
        if number == next {
            self.all.push(place);
        }
        number
    }
}
