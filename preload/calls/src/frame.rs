//! What a call looked like: its registers, kept on the stack while its story is told. [`crate::enter`] lays it out.

use core::cell::Cell;

use crate::va_list::VaList;

/// The registers of a call, at the bottom those that a `va_list` reads, in its order.
#[derive(Debug)]
#[repr(C)]
pub(crate) struct Frame {
    /// rdi, rsi, rdx, rcx, r8, r9.
    pub(crate) args: [u64; 6],
    /// xmm0 to xmm7; kept for functions with variable arguments only.
    vectors: [[u64; 2]; 8],
    pub(crate) index: u64,
    /// The stack pointer at the function's entry: it points at the return address.
    pub(crate) sp: u64,
    /// The frame pointer of the program.
    pub(crate) bp: u64,
    /// rax: at first the number of vector registers used, then the result.
    pub(crate) kept: u64,
    /// The six registers as the C library's function gets them. Those at the top stay as they are: a
    /// list reads them. Both are written at the entry: copying them from here, just written one by one,
    /// made the processor wait longer than the rest of a memcpy's story takes.
    passed: [u64; 6],
    /// The variable arguments, for a function that is called with a list instead.
    handed_over: VaList,
    /// The variable arguments as they were: a function uses its list up.
    list: VaList,
    /// In how many places guards were opened for the call.
    pub(crate) opened_count: Cell<usize>,
    /// Whether the story goes on with the result.
    pub(crate) is_told_on: u64,
    /// What the first half of a story leaves for the second.
    pub(crate) words: [u64; 3],
    /// Where guards were opened, as many as were: they are closed behind the call.
    opened: [Cell<Opened>; MOST_OPENED],
}

/// A call opens guards in no more places: what is opened must be closed again.
const MOST_OPENED: usize = 8;

/// A range in which guards were opened.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub(crate) struct Opened {
    pub(crate) address: u64,
    pub(crate) bytes: u64,
}

/// What the code that lays it out reserves: a return address more than a multiple of 16.
pub(crate) const FRAME_BYTES: usize = 472;

const _: () = assert!(size_of::<Frame>() == FRAME_BYTES && FRAME_BYTES % 16 == 8);
const _: () = assert!(core::mem::offset_of!(Frame, index) == 176);
const _: () = assert!(core::mem::offset_of!(Frame, passed) == 208);

impl Frame {
    /// Notes the variable arguments: those after `fixed` named ones.
    pub(crate) fn note_variable_arguments(&mut self, fixed: usize) {
        self.list = VaList::new(fixed, self.sp + 8, core::ptr::from_ref(self) as u64);
    }

    /// Notes the arguments of the program's own list, the one behind `fixed` named arguments.
    ///
    /// # Safety
    /// There must be one.
    pub(crate) unsafe fn note_list(&mut self, fixed: usize) {
        // SAFETY: as the caller vouches.
        self.list = unsafe { VaList::copy(self.args[fixed]) };
    }

    /// The variable arguments, none of them used.
    pub(crate) fn list(&self) -> VaList {
        self.list
    }

    /// Notes whether the story wants the result.
    pub(crate) fn go_on_telling(&mut self, wants_result: bool) {
        self.is_told_on = u64::from(wants_result);
    }

    /// Notes a range in which guards are opened, to be closed behind the call; `false` when there is no room for it.
    #[must_use]
    pub(crate) fn note_opened(&self, address: u64, bytes: u64) -> bool {
        let count = self.opened_count.get();
        let free = self.opened.get(count);
        if let Some(free) = free {
            free.set(Opened { address, bytes });
            self.opened_count.set(count + 1);
        }
        free.is_some()
    }

    /// The ranges that were noted.
    pub(crate) fn opened(&self) -> impl Iterator<Item = Opened> {
        let noted = self.opened.iter().take(self.opened_count.get());
        noted.map(Cell::get)
    }

    /// Whether guards were opened.
    pub(crate) fn has_opened(&self) -> bool {
        self.opened_count.get() != 0
    }

    /// The C library's function gets this as one of its first six arguments.
    pub(crate) fn pass(&mut self, argument: usize, value: u64) {
        self.passed[argument] = value;
    }

    /// The program gets this as the result.
    pub(crate) fn give(&mut self, result: u64) {
        self.kept = result;
    }

    /// Hands the variable arguments over as a list, in the place of the first of them.
    pub(crate) fn pass_list(&mut self, fixed: usize) {
        self.handed_over = self.list;
        self.passed[fixed] = &raw const self.handed_over as u64;
    }
}
