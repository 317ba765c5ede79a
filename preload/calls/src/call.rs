//! One call while its story is told: its arguments by their roles, and what can be said of memory.

use core::ffi::CStr;

pub(crate) use crate::arguments::Unit;
use crate::arguments::{Arguments, NONE};
use crate::frame::Frame;
use crate::heap::{self, Access, Caller};
use crate::scan;
use crate::va_list::VaList;

/// How a story goes on after what can be said before the call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Then {
    /// Nothing more to say: jump to the function.
    Go,
    /// Its result is needed.
    Watch,
}

/// What a function does to memory: said before it is called and, where asked for, afterwards.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Story {
    pub(crate) before: fn(&mut Call<'_>) -> Then,
    pub(crate) after: fn(&mut Call<'_>, result: u64),
}

impl Story {
    /// All is known before the call.
    pub(crate) const fn told_before(before: fn(&mut Call<'_>) -> Then) -> Story {
        Story {
            before,
            after: |_, _| {},
        }
    }
}

/// What is known of a function.
#[derive(Debug)]
pub(crate) struct Entry {
    pub(crate) name: &'static CStr,
    pub(crate) arguments: Arguments,
    pub(crate) unit: Unit,
    /// Which argument has which role; what roles there are is the story's to say.
    pub(crate) roles: [u8; 6],
    pub(crate) story: Story,
    /// The number of the function that is called with a list instead, where the result is wanted.
    pub(crate) via: Option<usize>,
    /// The second number of the glibc that it came with, or 0.
    pub(crate) since_minor: u32,
}

/// Between two guarded blocks lies so much. A call may take far more than it will fill (`scanf("%s")`): the guards of
/// the blocks beyond stand meanwhile, for all threads.
const GUARD_BYTES: u64 = 3 * 4096;

/// Addresses in the first page are null pointers with an offset: the function itself shall meet them.
pub(crate) const FIRST_PAGE: u64 = 4096;

#[derive(Debug)]
pub(crate) struct Call<'a> {
    frame: &'a mut Frame,
    entry: &'static Entry,
}

impl Call<'_> {
    pub(crate) fn new<'a>(frame: &'a mut Frame, entry: &'static Entry) -> Call<'a> {
        Call { frame, entry }
    }

    /// Tells the story up to the call.
    pub(crate) fn begin(&mut self) -> Then {
        match self.entry.arguments {
            Arguments::Fixed => {}
            Arguments::Variable => self.frame.note_variable_arguments(self.fixed()),
            // SAFETY: the argument after the format is a list, by the function's prototype.
            Arguments::List => unsafe { self.frame.note_list(self.fixed()) },
        }
        (self.entry.story.before)(self)
    }

    /// How the call is made now that its story is told so far: where guards were opened it is come back from, so
    /// that they can be closed. A function with variable arguments that has no twin with a list cannot be.
    pub(crate) fn come_back_to_close(&mut self, told: Then) -> Then {
        self.frame.go_on_telling(told == Then::Watch);
        let is_variable = self.entry.arguments == Arguments::Variable;
        let closes = self.frame.has_opened() && !(is_variable && self.entry.via.is_none());
        let then = if closes { Then::Watch } else { told };
        if then == Then::Watch && is_variable {
            self.frame.pass_list(self.fixed());
        }
        then
    }

    /// Tells the rest.
    pub(crate) fn end(&mut self, result: u64) {
        (self.entry.story.after)(self, result);
    }

    /// The number of the function to call when the result is wanted, if it is another: the one that takes a list.
    pub(crate) fn watched_as(&self) -> Option<usize> {
        self.entry.via
    }

    fn caller(&self) -> Caller {
        Caller {
            called: self.entry.name,
            sp: self.frame.sp,
            bp: self.frame.bp,
        }
    }

    /// Whether the function has an argument of this role.
    pub(crate) fn has(&self, role: usize) -> bool {
        self.entry.roles[role] != NONE
    }

    /// The argument of a role.
    pub(crate) fn arg(&self, role: usize) -> u64 {
        self.frame.args[usize::from(self.entry.roles[role])]
    }

    /// The call reads a text up to its terminator, and nothing else is to be known of it: one outside the heap is left to
    /// the function itself, or to the kernel, which has an error for a wild pointer.
    pub(crate) fn read_whole_text(&self, address: u64, unit: Unit) {
        if heap::is_ours(address) {
            self.read_text_of(address, u64::MAX, unit);
        }
    }

    /// Whether a text ends inside its block within so many units, or lies where nothing is known: then there is nothing to
    /// tell of reading it.
    pub(crate) fn ends_within(&self, address: u64, limit: u64, unit: Unit) -> bool {
        let room = self.room_of(address, unit);
        // SAFETY: so much of a live block.
        room >= limit || unsafe { scan::terminator(address, room, unit) }.is_some()
    }

    /// Keeps words for the rest of the story: what a call changes itself.
    pub(crate) fn keep(&mut self, words: [u64; 3]) {
        self.frame.words = words;
    }

    /// The words that were kept.
    pub(crate) fn kept(&self) -> [u64; 3] {
        self.frame.words
    }

    /// The argument of a role, without bound where the function has none.
    pub(crate) fn limit(&self, role: usize) -> u64 {
        if self.has(role) {
            self.arg(role)
        } else {
            u64::MAX
        }
    }

    /// The named arguments of a function with variable ones: the format is the last of them.
    fn fixed(&self) -> usize {
        usize::from(self.entry.roles[2]) + 1
    }

    /// The variable arguments.
    pub(crate) fn list(&self) -> VaList {
        self.frame.list()
    }

    pub(crate) fn unit(&self) -> Unit {
        self.entry.unit
    }

    /// Bytes of so many units.
    pub(crate) fn bytes(&self, units: u64) -> u64 {
        units.saturating_mul(self.entry.unit as u64)
    }

    fn access(&self, address: u64, bytes: u64, access: Access) {
        if bytes != 0 && heap::room(address) < bytes {
            self.report(address, bytes, access);
        }
    }

    #[cold]
    fn report(&self, address: u64, bytes: u64, access: Access) {
        let opened = heap::report(self.caller(), address, bytes, access);
        if opened && !self.frame.note_opened(address, bytes) {
            heap::close(address, bytes);
        }
    }

    /// The call reads these bytes.
    pub(crate) fn read(&self, address: u64, bytes: u64) {
        self.access(address, bytes, Access::Read);
    }

    /// The call writes these bytes.
    pub(crate) fn write(&self, address: u64, bytes: u64) {
        self.access(address, bytes, Access::Write);
    }

    /// What a copy writes must not overlap what it reads. Equal pointers are let pass: compilers
    /// themselves emit such copies.
    pub(crate) fn disjoint(&self, to: u64, to_bytes: u64, from: u64, from_bytes: u64) {
        if to != from {
            self.wholly_disjoint(to, to_bytes, from, from_bytes);
        }
    }

    /// The same, equal pointers included.
    pub(crate) fn wholly_disjoint(&self, to: u64, to_bytes: u64, from: u64, from_bytes: u64) {
        let apart = if to < from {
            from - to >= to_bytes
        } else {
            to - from >= from_bytes
        };
        // A length that was computed below zero leaves its block, which says more.
        let leaves = |at: u64, bytes: u64| bytes > i64::MAX as u64 && heap::room(at) < bytes;
        let is_told = leaves(to, to_bytes) || leaves(from, from_bytes);
        if !apart && to_bytes != 0 && from_bytes != 0 && !is_told {
            heap::report_overlap(self.caller(), to, from, to_bytes.max(from_bytes));
        }
    }

    /// The function is called with another argument for a role than the program's, which [`Self::arg`] still gives.
    pub(crate) fn pass(&mut self, role: usize, value: u64) {
        self.frame.pass(usize::from(self.entry.roles[role]), value);
    }

    /// The program gets this as the call's result.
    pub(crate) fn give(&mut self, result: u64) {
        self.frame.give(result);
    }

    /// Whether a range may be used whatever the call will do with it. If not, and it is LDT's heap, the
    /// way is cleared for the kernel, as far as the guard behind the block goes.
    pub(crate) fn is_roomy(&self, address: u64, bytes: u64) -> bool {
        let room = heap::room(address);
        if bytes == 0 || room >= bytes {
            return true;
        }
        let bytes = bytes.min(room.saturating_add(GUARD_BYTES));
        if self.frame.note_opened(address, bytes) {
            heap::lift(address, bytes);
        }
        false
    }

    /// The call reads a text up to its terminator, at most `limit` units. Gives the bytes it reads.
    /// Where the block ends first, that is reported, and the text taken to end behind its last unit.
    pub(crate) fn read_text(&self, address: u64, limit: u64) -> Text {
        self.read_text_of(address, limit, self.entry.unit)
    }

    /// The same for a text of other units than the function's.
    pub(crate) fn read_text_of(&self, address: u64, limit: u64, unit: Unit) -> Text {
        let size = unit as u64;
        if address < FIRST_PAGE {
            return Text {
                units: 0,
                bytes: 0,
                ended: true,
            };
        }
        let units_of_room = self.room_of(address, unit);
        // SAFETY: so much of a live block, or what the function itself would read.
        let found = unsafe { scan::terminator(address, units_of_room.min(limit), unit) };
        if let Some(units) = found {
            return Text {
                units,
                bytes: (units + 1) * size,
                ended: true,
            };
        }
        if units_of_room < limit {
            self.too_short(address, units_of_room, unit);
        }
        let units = units_of_room.min(limit);
        Text {
            units,
            bytes: units.saturating_mul(size),
            ended: false,
        }
    }

    /// The call goes on reading behind the last unit that is the program's.
    pub(crate) fn too_short(&self, address: u64, units_of_room: u64, unit: Unit) {
        let bytes = (units_of_room + 1) * unit as u64;
        self.report(address, bytes, Access::Read);
    }

    /// How many units from here are the program's.
    pub(crate) fn units_of_room(&self, address: u64) -> u64 {
        self.room_of(address, self.entry.unit)
    }

    /// The same in other units than the function's.
    pub(crate) fn room_of(&self, address: u64, unit: Unit) -> u64 {
        match heap::room(address) {
            u64::MAX => u64::MAX,
            room => room / unit as u64,
        }
    }

    /// The call looks at one unit after the other until `stops` says so. `stops` is given addresses of
    /// units that may be read.
    pub(crate) fn read_until(
        &self,
        address: u64,
        limit: u64,
        mut stops: impl FnMut(u64) -> bool,
    ) -> u64 {
        if address < FIRST_PAGE {
            return 0;
        }
        let room = self.units_of_room(address);
        let size = self.entry.unit as u64;
        let mut units = 0;
        while units < limit {
            if units >= room {
                self.too_short(address, room, self.entry.unit);
                return units;
            }
            units += 1;
            if stops(address + (units - 1) * size) {
                return units;
            }
        }
        units
    }

    /// The unit at an address that may be read.
    ///
    /// # Safety
    /// It may.
    pub(crate) unsafe fn unit_at(&self, address: u64) -> u32 {
        // SAFETY: as the caller vouches.
        unsafe { scan::unit_at(address, self.entry.unit) }
    }
}

/// What a call reads of a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Text {
    /// Units before the terminator, or up to the limit.
    pub(crate) units: u64,
    /// Bytes read, the terminator included.
    pub(crate) bytes: u64,
    /// Whether a terminator was read.
    pub(crate) ended: bool,
}
