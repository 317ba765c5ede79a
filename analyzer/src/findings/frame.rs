//! A frame of a call stack with all that is known of it, owned: findings outlive their trace.

use super::called::CalledAt;
use crate::replay::facts::Facts;
use crate::replay::stacks::CodeAddress;
use crate::report::frames::ShownFrame;
use crate::symbols::demangle::demangle;
use crate::symbols::{FrameName, Names};
use ldt_trace::Function;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// One line of a stack. Stacks share theirs: those of all that is reachable in a compiler have hundreds of thousands of lines, and
/// few differ.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Frame {
    /// Demangled.
    pub function: Option<String>,
    /// As the object file has it: mangled for C++ and Rust.
    pub symbol: Option<String>,
    /// Source file, as the compiler noted it.
    pub file: Option<String>,
    /// Line, from 1.
    pub line: Option<u32>,
    /// The object that the code belongs to.
    pub module: Option<Arc<Path>>,
    /// Where in the module's file it is.
    pub offset: Option<u64>,
    /// The address as it was found on the stack; none for the function called.
    pub address: Option<u64>,
    /// Of the function called: where it lies, as far as the trace tells. It has no frame on the stack, and two versions
    /// of LDT have it at two places, so that this is no part of what a frame is called.
    pub called_at: Option<CalledAt>,
    /// It has no frame of its own: the compiler put it into the next one.
    pub is_inlined: bool,
    /// The stack goes on, but was cut here.
    pub is_cut: bool,
}

impl Frame {
    /// Frame 0 of an allocation or a free: the function that was called.
    #[must_use]
    pub fn called(function: Function) -> Self {
        Frame {
            function: Some(function.shown().to_owned()),
            symbol: Some(function.symbol().to_owned()),
            ..Frame::default()
        }
    }

    /// Frame 0 of a call by its symbol: `memcpy`, `_ZdlPv`.
    #[must_use]
    pub fn called_by_symbol(symbol: &str) -> Self {
        let known = Function::ALL.iter().find(|known| known.symbol() == symbol);
        match known {
            Some(function) => Frame::called(*function),
            None => Frame {
                function: Some(demangle(symbol)),
                symbol: Some(symbol.to_owned()),
                ..Frame::default()
            },
        }
    }

    /// Stands for the frames that were cut off.
    #[must_use]
    pub(super) fn cut() -> Self {
        Frame {
            is_cut: true,
            ..Frame::default()
        }
    }

    /// The name that a suppression of valgrind's matches.
    #[must_use]
    pub fn matched_name(&self) -> Option<&str> {
        self.symbol.as_deref().or(self.function.as_deref())
    }

    /// The address that valgrind's reports would have: where the code goes on, or where the function called begins.
    #[must_use]
    pub fn code_address(&self) -> u64 {
        let called = self.called_at.as_ref().map(|called| called.address);
        self.address.or(called).unwrap_or(0)
    }

    /// The object that the code is in, of the function called too.
    #[must_use]
    pub fn code_module(&self) -> Option<&Path> {
        let called = || Some(&*self.called_at.as_ref()?.module);
        self.module.as_deref().or_else(called)
    }

    /// The line as reports of allocations show it.
    #[must_use]
    pub fn shown(&self) -> ShownFrame<'_> {
        ShownFrame {
            function: self.function.as_deref(),
            file: self.file.as_deref(),
            line: self.line,
            module: self.module.as_deref(),
            offset: self.offset,
            address: self.address,
            is_inlined: self.is_inlined,
            is_cut: self.is_cut,
        }
    }

    /// The last part of the source file's path.
    #[must_use]
    pub fn file_name(&self) -> Option<&str> {
        let file = self.file.as_deref()?;
        Some(file.rsplit('/').next().unwrap_or(file))
    }

    /// The last part of the module's path.
    #[must_use]
    pub fn module_name(&self) -> Option<String> {
        let module = self.module.as_deref()?;
        let name = module.file_name().unwrap_or(module.as_os_str());
        Some(name.to_string_lossy().into_owned())
    }
}

/// The frames of one address, innermost first: those inlined into each other, then the function
/// that they were compiled into.
pub(super) fn frames_at(
    address: CodeAddress,
    names: &Names,
    facts: &Facts,
    modules: &[Arc<Path>],
) -> Vec<Arc<Frame>> {
    let named = names.get(address);
    let module = match named {
        Some(named) => named.module,
        None => facts.module_of(address.lookup(), address.epoch),
    };
    let offset = module.map(|index| address.ip.wrapping_sub(facts.modules[index].bias));
    let nameless = [FrameName::default()];
    let frames = named.map_or(&nameless[..], |named| &named.frames);
    let frame = |frame: &FrameName| Frame {
        function: frame.function.clone(),
        symbol: frame.symbol.clone(),
        file: frame.file.clone(),
        line: frame.line,
        module: module.and_then(|index| modules.get(index).cloned()),
        offset,
        address: Some(address.ip),
        called_at: None,
        is_inlined: frame.is_inlined,
        is_cut: false,
    };
    frames.iter().map(frame).map(Arc::new).collect()
}

/// The paths of all modules, to be shared by their frames.
pub(super) fn module_paths(facts: &Facts) -> Vec<Arc<Path>> {
    let paths = facts.modules.iter().map(|module| &module.path);
    paths
        .map(|path: &PathBuf| Arc::from(path.as_path()))
        .collect()
}
