//! A call stack as it is shown: the function called, then one entry for each frame and for each
//! function that the compiler put into another.

use super::site::SiteView;
use crate::replay::Replayed;
use crate::replay::stacks::CodeAddress;
use crate::symbols::{FrameName, Names};
use std::path::Path;

/// One line of a stack.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ShownFrame<'a> {
    /// Demangled.
    pub function: Option<&'a str>,
    /// Source file.
    pub file: Option<&'a str>,
    /// Line of it.
    pub line: Option<u32>,
    /// The object that the code belongs to.
    pub module: Option<&'a Path>,
    /// Where in the module's file it is; for code without names.
    pub offset: Option<u64>,
    /// The address as it was found on the stack; none for the function called.
    pub address: Option<u64>,
    /// It has no frame of its own.
    pub is_inlined: bool,
    /// The stack goes on, but was cut here.
    pub is_cut: bool,
}

/// Turns sites into shown stacks.
#[derive(Clone, Copy, Debug)]
pub struct Naming<'a> {
    /// Where stacks and modules are.
    pub replayed: &'a Replayed,
    /// The names of what will be shown.
    pub names: &'a Names,
}

impl<'a> Naming<'a> {
    /// The stack of a site: frame 0 is the function called.
    pub fn stack(self, site: &SiteView) -> impl Iterator<Item = ShownFrame<'a>> + use<'a> {
        let frames = self.replayed.stacks.frames(site.stack);
        std::iter::once(Naming::called(site))
            .chain(frames.flat_map(move |address| self.frames_at(address)))
    }

    /// Frame 0 of a site's stack: the function that was called.
    #[must_use]
    pub fn called(site: &SiteView) -> ShownFrame<'static> {
        ShownFrame {
            function: Some(site.function.shown()),
            ..ShownFrame::default()
        }
    }

    /// All that is shown for one address.
    pub fn frames_at(self, address: CodeAddress) -> impl Iterator<Item = ShownFrame<'a>> + use<'a> {
        const NAMELESS: &[FrameName] = &[FrameName {
            function: None,
            symbol: None,
            file: None,
            line: None,
            is_inlined: false,
        }];
        let named = self.names.get(address);
        let module = match named {
            Some(named) => named.module,
            None => self
                .replayed
                .facts
                .module_of(address.lookup(), address.epoch),
        };
        let module = module.map(|index| &self.replayed.facts.modules[index]);
        let frames = named.map_or(NAMELESS, |named| &named.frames);
        frames.iter().map(move |frame| ShownFrame {
            function: frame.function.as_deref(),
            file: frame.file.as_deref(),
            line: frame.line,
            module: module.map(|module| module.path.as_path()),
            offset: module.map(|module| address.ip.wrapping_sub(module.bias)),
            address: Some(address.ip),
            is_inlined: frame.is_inlined,
            is_cut: address.ip == 0,
        })
    }
}
