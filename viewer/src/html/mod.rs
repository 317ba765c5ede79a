//! The page: one HTML file that holds a whole run and answers the next question by a click, without a
//! server, a network or a library.
//!
//! What goes into it is here: [`HtmlPage`], its call stacks (`stacks`), what each did by when (`series`), and
//! what was found wrong (`findings`). `numbers` packs the tables, `file` puts everything together. What
//! the browser does with them is hand-written JavaScript, a story a file, in `script/`; its first file,
//! `bytes.js`, is the other half of `numbers`.

mod file;
mod findings;
mod numbers;
mod series;
mod stacks;

use std::io;

use crate::Mark;

pub use findings::{Fault, FoundStack, LeakRecord, LeakTotal, Leaks, Waste, WasteMoment};
pub use series::{Moment, Site, SiteMark, SizeClass, SizeMark, Thread, ThreadMark};
pub use stacks::{CallStacks, Place, PlaceNumber, StackNumber, WordNumber};

/// Everything that a page shows.
#[derive(Clone, Debug, Default)]
pub struct HtmlPage {
    /// The run as a whole.
    pub run: Run,
    /// What the reader should know before believing the figures.
    pub warnings: Vec<String>,
    /// The heap over time, as finely as it is drawn.
    pub moments: Vec<Moment>,
    /// Where spans of time begin, and where the last one ends: what can be selected. The marks of sites,
    /// threads and size classes name spans by their number in this.
    pub edges_ns: Vec<u64>,
    /// All call stacks.
    pub stacks: CallStacks,
    /// What each call stack did.
    pub sites: Vec<Site>,
    /// How large blocks were.
    pub sizes: Vec<SizeClass>,
    /// What each thread did.
    pub threads: Vec<Thread>,
    /// Moments worth a line in the timeline: errors, leak checks, what the program said it was doing.
    pub marks: Vec<Mark>,
    /// The errors of a checked run.
    pub faults: Vec<Fault>,
    /// The leaks of a checked run, none where nothing looked for them.
    pub leaks: Option<Leaks>,
    /// Where memory is wasted, none where nothing looked for it.
    pub waste: Option<Waste>,
    /// Source files that could be read.
    pub sources: Vec<Source>,
}

/// The figures of a run as a whole.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize)]
pub struct Run {
    /// The program's name.
    pub program: String,
    /// The command line.
    pub command: String,
    /// The process.
    pub pid: u32,
    /// Its exit code, if it ended by itself.
    pub exit_code: Option<i32>,
    /// What killed it, for example `SIGSEGV`.
    pub signal: Option<String>,
    /// When it began, in nanoseconds since 1970, UTC.
    pub started_ns: u64,
    /// How long it ran.
    pub duration_ns: u64,
    /// Successful allocations.
    pub allocations: u64,
    /// Bytes of these.
    pub bytes: u64,
    /// Those freed before their thread's next one.
    pub temporary: u64,
    /// Blocks freed.
    pub frees: u64,
    /// When the heap was largest.
    pub peak_ns: u64,
    /// Its bytes then.
    pub peak_bytes: u64,
    /// Its blocks then.
    pub peak_blocks: u64,
    /// Bytes never freed.
    pub left_bytes: u64,
    /// Blocks never freed.
    pub left_blocks: u64,
    /// The largest resident set.
    pub resident_peak_bytes: Option<u64>,
    /// The most that a call stack took.
    pub stack_peak_bytes: Option<u64>,
    /// Who wrote the page, for example `ldt 1.0.0`.
    pub made_by: String,
}

/// Parts of a source file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Source {
    /// Its path, a word of [`CallStacks`].
    pub file: WordNumber,
    /// Why its lines may not be those that ran, if they may not.
    pub doubt: Option<String>,
    /// The parts, in order.
    pub parts: Vec<SourcePart>,
}

/// Consecutive lines.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize)]
pub struct SourcePart {
    /// The number of the first one, from 1.
    pub first: u32,
    /// The lines, without their ends.
    pub lines: Vec<String>,
}

impl HtmlPage {
    /// The bytes of the file, in UTF-8.
    ///
    /// # Errors
    /// When memory or threads run out; no figure causes any.
    pub fn write(&self) -> io::Result<Vec<u8>> {
        file::assemble(self)
    }
}
