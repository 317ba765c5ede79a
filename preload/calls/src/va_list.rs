//! Variable arguments as the x86-64 ABI lays them out.

/// A `va_list`. Copying it is what `va_copy` does.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub(crate) struct VaList {
    gp_offset: u32,
    fp_offset: u32,
    overflow: u64,
    registers: u64,
}

/// Bytes of the general registers in the area where registers are kept, and of all.
const GENERAL_BYTES: u32 = 48;
const ALL_BYTES: u32 = 176;

impl VaList {
    /// The arguments after `fixed` named integers: `overflow` is the first word on the stack, and
    /// `registers` where the registers are kept.
    pub(crate) fn new(fixed: usize, overflow: u64, registers: u64) -> VaList {
        VaList {
            gp_offset: 8 * fixed as u32,
            fp_offset: GENERAL_BYTES,
            overflow,
            registers,
        }
    }

    /// A copy of the program's own list.
    ///
    /// # Safety
    /// The address must be that of a `va_list`.
    pub(crate) unsafe fn copy(address: u64) -> VaList {
        // SAFETY: as the caller vouches.
        unsafe { core::ptr::read(address as *const VaList) }
    }

    /// The next integer or pointer.
    ///
    /// # Safety
    /// There must be one more argument, of that class.
    pub(crate) unsafe fn integer(&mut self) -> u64 {
        let address = if self.gp_offset < GENERAL_BYTES {
            let address = self.registers + u64::from(self.gp_offset);
            self.gp_offset += 8;
            address
        } else {
            self.overflow += 8;
            self.overflow - 8
        };
        // SAFETY: as the caller vouches.
        unsafe { *(address as *const u64) }
    }

    /// Passes over a `double`.
    pub(crate) fn skip_double(&mut self) {
        if self.fp_offset < ALL_BYTES {
            self.fp_offset += 16;
        } else {
            self.overflow += 8;
        }
    }

    /// Passes over a `long double`, which lies on the stack at a multiple of 16.
    pub(crate) fn skip_long_double(&mut self) {
        self.overflow = self.overflow.next_multiple_of(16) + 16;
    }
}
