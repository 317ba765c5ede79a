//! The first page of a trace file, and the header of a window: the only parts that the writer
//! changes in place. Offsets here are the contract between the writer, which stores through raw
//! memory, and the reader, which decodes bytes.

/// The first bytes of every trace file.
pub const MAGIC: [u8; 8] = *b"LDTRACE\n";
/// The version that this crate writes. A reader takes any file whose version is not higher.
pub const VERSION: u32 = 4;
/// Bytes of the header page; chunks and windows follow.
pub const HEADER_BYTES: usize = 4096;
/// Chunks and windows begin at multiples of this.
pub const ALIGNMENT: u64 = 64;
/// Windows begin at, and fill, whole pages of this size.
pub const PAGE: u64 = 4096;

/// Byte offsets of the header page's fields; all little-endian.
pub mod offset {
    /// `u32`, the format version.
    pub const VERSION: usize = 8;
    /// `u32`, process id.
    pub const PID: usize = 12;
    /// `u32`, parent process id.
    pub const PARENT_PID: usize = 16;
    /// `u32`, ticks are the counter shifted right by this.
    pub const TICK_SHIFT: usize = 20;
    /// `u64`, tick at the start.
    pub const START_TICK: usize = 24;
    /// `u64`, CLOCK_MONOTONIC at `START_TICK`, in nanoseconds.
    pub const START_MONOTONIC_NS: usize = 32;
    /// `u64`, CLOCK_REALTIME at the start, in nanoseconds.
    pub const START_REALTIME_NS: usize = 40;
    /// `u64`, where the next chunk or window will go: bytes from the start of the file.
    pub const FILE_END: usize = 48;
    /// `u32`, flags of [`super::flag`].
    pub const FLAGS: usize = 56;
    /// `i32`, the exit code that the process asked for (valid with [`super::flag::EXITED`]).
    pub const EXIT_CODE: usize = 60;
    /// `u64`, tick at the orderly end (valid with [`super::flag::EXITED`]).
    pub const END_TICK: usize = 64;
    /// `u64`, CLOCK_MONOTONIC at the orderly end, in nanoseconds.
    pub const END_MONOTONIC_NS: usize = 72;
    /// `u64`, the largest resident set that the kernel saw, in bytes; 0 unknown.
    pub const RSS_PEAK_BYTES: usize = 80;
    /// `u64`, the deepest stack that a capture saw, in bytes, over all threads.
    pub const STACK_PEAK_BYTES: usize = 88;
    /// `u64`, captures compared by `stack_check=1`.
    pub const STACK_CHECKS: usize = 96;
    /// `u64`, of these, captures in which memo and plain unwinding differed.
    pub const STACK_DIFFERENCES: usize = 104;
    /// `u32`, the signal that ended the process, 0 none known; written by the launcher.
    pub const EXIT_SIGNAL: usize = 112;
    /// `u32`, process that this one was forked from without exec, 0 none.
    pub const FORKED_FROM: usize = 116;

    // What check mode counts, valid with [`super::flag::CHECKED`].

    /// `u64`, errors found so far, repeats not counted: whoever follows a running process looks here.
    pub const FINDINGS: usize = 128;
    /// `u64`, allocations that succeeded.
    pub const ALLOCATIONS: usize = 136;
    /// `u64`, frees of a block.
    pub const FREES: usize = 144;
    /// `u64`, bytes asked for by all of these allocations.
    pub const ALLOCATED_BYTES: usize = 152;
    /// `u64`, bytes in blocks that were live at the end, or at the last count.
    pub const LIVE_BYTES: usize = 160;
    /// `u64`, blocks that were live.
    pub const LIVE_BLOCKS: usize = 168;
    /// `u64`, the most bytes that were live at once.
    pub const PEAK_BYTES: usize = 176;
    /// `u64`, blocks that were live then.
    pub const PEAK_BLOCKS: usize = 184;
    /// `u64`, CLOCK_MONOTONIC then, in nanoseconds.
    pub const PEAK_MONOTONIC_NS: usize = 192;
    /// `u64`, blocks that lay against a guard page.
    pub const GUARDED_BLOCKS: usize = 200;
    /// `u64`, blocks that had redzones only.
    pub const REDZONED_BLOCKS: usize = 208;
    /// `u64`, call stacks that had at least one guarded block.
    pub const GUARDED_STACKS: usize = 216;
    /// `u64`, call stacks that allocated.
    pub const ALLOCATING_STACKS: usize = 224;
    /// `u32`, how guard pages were made: 0 not at all, 1 guard markers, 2 mprotect.
    pub const GUARD_METHOD: usize = 232;
    /// `u32`, leak checks made so far.
    pub const LEAK_CHECKS: usize = 236;
    /// `u32`, leak checks asked for from outside so far (`ldt leaks`): the process makes one when this
    /// has changed.
    pub const LEAK_REQUESTS: usize = 248;
    /// `u32`, the signal at which the process makes a leak check, 0 none.
    pub const LEAK_SIGNAL: usize = 252;
    /// [`super::WAITERS`] of [`super::Waiter`]: what threads waited in when `ldt leaks` sent that signal.
    pub const WAITERS: usize = 256;
    /// `u64` for each function of [`crate::Function`], at eight times its number: how often it was
    /// called, calls that failed apart.
    pub const CALLS: usize = 1024;
    /// `u64`, calls that failed.
    pub const FAILED_CALLS: usize = 240;
}

/// Bits of the header's flags.
pub mod flag {
    /// The process ended in order: `EXIT_CODE` and `END_*` are valid.
    pub const EXITED: u32 = 1;
    /// Recording stopped before the end (disk full, size limit): the trace is truncated.
    pub const STOPPED: u32 = 2;
    /// The process replaced itself by exec.
    pub const EXECED: u32 = 4;
    /// The launcher saw the process end and filled in `EXIT_CODE` and `EXIT_SIGNAL`, which are
    /// valid even where the process itself came to no orderly end.
    pub const REAPED: u32 = 8;
    /// The process ran in check mode: the counts from [`super::offset::FINDINGS`] on are valid.
    pub const CHECKED: u32 = 16;
    /// Allocations were not recorded as events: totals are in the header alone.
    pub const UNPROFILED: u32 = 32;
}

/// What a thread waits in, for the process that is to be woken out of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Waiter {
    /// The thread's number, 0 where nothing is said.
    pub tid: u32,
    /// The system call's number.
    pub call: u32,
    /// The address of the instruction after it.
    pub ip: u64,
}

/// Waiters that the header page has room for.
pub const WAITERS: usize = 32;

impl Waiter {
    /// Bytes of one: thread, call, address.
    pub const BYTES: usize = 16;

    /// The bytes.
    #[must_use]
    pub fn encode(&self) -> [u8; Self::BYTES] {
        let mut bytes = [0; Self::BYTES];
        bytes[..4].copy_from_slice(&self.tid.to_le_bytes());
        bytes[4..8].copy_from_slice(&self.call.to_le_bytes());
        bytes[8..].copy_from_slice(&self.ip.to_le_bytes());
        bytes
    }
}

const _: () = assert!(offset::WAITERS + WAITERS * Waiter::BYTES <= offset::CALLS);

/// The counts of check mode.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[allow(missing_docs, reason = "each field is documented in `offset`")]
pub struct CheckCounts {
    pub findings: u64,
    pub allocations: u64,
    pub frees: u64,
    pub allocated_bytes: u64,
    pub live_bytes: u64,
    pub live_blocks: u64,
    pub peak_bytes: u64,
    pub peak_blocks: u64,
    pub peak_monotonic_ns: u64,
    pub guarded_blocks: u64,
    pub redzoned_blocks: u64,
    pub guarded_stacks: u64,
    pub allocating_stacks: u64,
    pub guard_method: u32,
    pub leak_checks: u32,
    pub failed_calls: u64,
    /// By the function's number.
    pub calls: Vec<u64>,
}

/// Functions that [`offset::CALLS`] has room for.
const CALL_COUNTERS: usize = 256;

impl CheckCounts {
    /// Reads the counts of a header page.
    #[must_use]
    pub fn decode(page: &[u8; HEADER_BYTES]) -> Self {
        let short = |at: usize| u32::from_le_bytes(array(page, at));
        let long = |at: usize| u64::from_le_bytes(array(page, at));
        CheckCounts {
            findings: long(offset::FINDINGS),
            allocations: long(offset::ALLOCATIONS),
            frees: long(offset::FREES),
            allocated_bytes: long(offset::ALLOCATED_BYTES),
            live_bytes: long(offset::LIVE_BYTES),
            live_blocks: long(offset::LIVE_BLOCKS),
            peak_bytes: long(offset::PEAK_BYTES),
            peak_blocks: long(offset::PEAK_BLOCKS),
            peak_monotonic_ns: long(offset::PEAK_MONOTONIC_NS),
            guarded_blocks: long(offset::GUARDED_BLOCKS),
            redzoned_blocks: long(offset::REDZONED_BLOCKS),
            guarded_stacks: long(offset::GUARDED_STACKS),
            allocating_stacks: long(offset::ALLOCATING_STACKS),
            guard_method: short(offset::GUARD_METHOD),
            leak_checks: short(offset::LEAK_CHECKS),
            failed_calls: long(offset::FAILED_CALLS),
            calls: (0..CALL_COUNTERS)
                .map(|code| long(offset::CALLS + code * 8))
                .collect(),
        }
    }
}

/// The decoded header page.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[allow(missing_docs, reason = "each field is documented in `offset`")]
pub struct Header {
    pub version: u32,
    pub pid: u32,
    pub parent_pid: u32,
    pub tick_shift: u32,
    pub start_tick: u64,
    pub start_monotonic_ns: u64,
    pub start_realtime_ns: u64,
    pub file_end: u64,
    pub flags: u32,
    pub exit_code: i32,
    pub end_tick: u64,
    pub end_monotonic_ns: u64,
    pub rss_peak_bytes: u64,
    pub stack_peak_bytes: u64,
    pub stack_checks: u64,
    pub stack_differences: u64,
    pub exit_signal: u32,
    pub forked_from: u32,
    /// What check mode counted, with [`flag::CHECKED`].
    pub checked: Option<CheckCounts>,
}

impl Header {
    /// Reads the fields of a header page. Checks nothing: [`crate::TraceFile::open`] does.
    #[must_use]
    pub fn decode(page: &[u8; HEADER_BYTES]) -> Self {
        let short = |at: usize| u32::from_le_bytes(array(page, at));
        let long = |at: usize| u64::from_le_bytes(array(page, at));
        Header {
            version: short(offset::VERSION),
            pid: short(offset::PID),
            parent_pid: short(offset::PARENT_PID),
            tick_shift: short(offset::TICK_SHIFT),
            start_tick: long(offset::START_TICK),
            start_monotonic_ns: long(offset::START_MONOTONIC_NS),
            start_realtime_ns: long(offset::START_REALTIME_NS),
            file_end: long(offset::FILE_END),
            flags: short(offset::FLAGS),
            exit_code: short(offset::EXIT_CODE) as i32,
            end_tick: long(offset::END_TICK),
            end_monotonic_ns: long(offset::END_MONOTONIC_NS),
            rss_peak_bytes: long(offset::RSS_PEAK_BYTES),
            stack_peak_bytes: long(offset::STACK_PEAK_BYTES),
            stack_checks: long(offset::STACK_CHECKS),
            stack_differences: long(offset::STACK_DIFFERENCES),
            exit_signal: short(offset::EXIT_SIGNAL),
            forked_from: short(offset::FORKED_FROM),
            checked: (short(offset::FLAGS) & flag::CHECKED != 0).then(|| CheckCounts::decode(page)),
        }
    }

    /// The header page with these fields. The engine stores the fields into mapped memory instead;
    /// this is for writers of whole files.
    #[must_use]
    pub fn encode(&self) -> [u8; HEADER_BYTES] {
        let mut page = [0; HEADER_BYTES];
        page[..8].copy_from_slice(&MAGIC);
        let mut short =
            |at: usize, value: u32| page[at..at + 4].copy_from_slice(&value.to_le_bytes());
        short(offset::VERSION, self.version);
        short(offset::PID, self.pid);
        short(offset::PARENT_PID, self.parent_pid);
        short(offset::TICK_SHIFT, self.tick_shift);
        short(offset::FLAGS, self.flags);
        short(offset::EXIT_CODE, self.exit_code as u32);
        short(offset::EXIT_SIGNAL, self.exit_signal);
        short(offset::FORKED_FROM, self.forked_from);
        let mut long =
            |at: usize, value: u64| page[at..at + 8].copy_from_slice(&value.to_le_bytes());
        long(offset::START_TICK, self.start_tick);
        long(offset::START_MONOTONIC_NS, self.start_monotonic_ns);
        long(offset::START_REALTIME_NS, self.start_realtime_ns);
        long(offset::FILE_END, self.file_end);
        long(offset::END_TICK, self.end_tick);
        long(offset::END_MONOTONIC_NS, self.end_monotonic_ns);
        long(offset::RSS_PEAK_BYTES, self.rss_peak_bytes);
        long(offset::STACK_PEAK_BYTES, self.stack_peak_bytes);
        long(offset::STACK_CHECKS, self.stack_checks);
        long(offset::STACK_DIFFERENCES, self.stack_differences);
        page
    }
}

/// The `N` bytes at a constant offset of a buffer that is known to hold them.
pub(crate) fn array<const N: usize>(bytes: &[u8], at: usize) -> [u8; N] {
    let mut array = [0; N];
    array.copy_from_slice(&bytes[at..at + N]);
    array
}

/// A window's header: the first [`window::HEADER_BYTES`] bytes of its region. The words follow.
pub mod window {
    /// The first bytes of a window.
    pub const MAGIC: [u8; 8] = *b"LDTWIND\n";
    /// Bytes before the first word.
    pub const HEADER_BYTES: usize = 64;
    /// `u32`, the number of the thread whose events these are.
    pub const THREAD: usize = 8;
    /// `u32`, how many words fit.
    pub const CAPACITY_WORDS: usize = 12;
    /// `u64`, stored at once so that a kill cannot tear it: in the high half the sequence number
    /// of the chunk that this window will become, in the low half how many words are valid. A
    /// window whose chunk is already in the file is to be ignored.
    pub const STATE: usize = 16;
    /// `u32`, the kernel's id of the thread.
    pub const TID: usize = 24;
    /// No window holds more words than this.
    pub const MAX_CAPACITY_WORDS: u32 = 1 << 20;

    /// Bytes of the file that a window of this capacity takes: whole pages.
    #[must_use]
    pub const fn region_bytes(capacity_words: u32) -> u64 {
        (HEADER_BYTES as u64 + capacity_words as u64 * 8).next_multiple_of(super::PAGE)
    }
}
