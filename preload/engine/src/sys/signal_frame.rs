//! The frame that the kernel puts on a stack for a signal handler: what the interrupted code was about,
//! how to make it go on, and how to hand the frame on to another handler.
//!
//! ```text
//! lowest  8   where the handler returns to
//!         304 ucontext: flags, link, alternate stack, registers, mask
//!         128 siginfo
//!         …   registers of the floating point unit and of vectors, at a multiple of 64
//! ```

use core::arch::{naked_asm, x86_64};
use core::mem::offset_of;
use core::ops::Range;
use core::sync::atomic::{AtomicPtr, Ordering};

use super::Registers;
use super::signal::{Action, AlternateStack, Info, Set, make_writable};

const CONTEXT: u64 = 8;
const CONTEXT_BYTES: u64 = 304;
const INFO: u64 = CONTEXT + CONTEXT_BYTES;
const FRAME_BYTES: u64 = INFO + size_of::<Info>() as u64;

const STACK: u64 = offset_of!(libc::ucontext_t, uc_stack) as u64;
const GREGS: u64 = offset_of!(libc::ucontext_t, uc_mcontext) as u64;
const FLOATS: u64 = GREGS + 23 * 8;
const MASK: u64 = offset_of!(libc::ucontext_t, uc_sigmask) as u64;
const _: () = assert!(
    MASK + 8 == CONTEXT_BYTES,
    "the kernel's ucontext ends with its mask"
);

/// What leaf code may have written below its stack pointer.
const RED_ZONE_BYTES: u64 = 128;

/// A signal's frame.
///
/// Invariant: `start` is that of a frame which the kernel made for the handler that is running, or of
/// a copy that [`Frame::moved`] made; only this thread uses it, and only until it has left the handler.
#[derive(Debug)]
pub struct Frame {
    start: u64,
}

/// A general register, by its number in `ucontext_t`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct General(pub i32);

/// The general registers as instructions number them: rax, rcx, rdx, rbx, rsp, rbp, rsi, rdi, r8, …
pub const GENERAL: [i32; 16] = [
    libc::REG_RAX,
    libc::REG_RCX,
    libc::REG_RDX,
    libc::REG_RBX,
    libc::REG_RSP,
    libc::REG_RBP,
    libc::REG_RSI,
    libc::REG_RDI,
    libc::REG_R8,
    libc::REG_R9,
    libc::REG_R10,
    libc::REG_R11,
    libc::REG_R12,
    libc::REG_R13,
    libc::REG_R14,
    libc::REG_R15,
];

/// What the handler's entry does next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(C)]
pub struct Onward {
    /// The program's handler to jump to; 0: back to what was interrupted.
    handler: u64,
    /// The frame to give it.
    frame: u64,
}

impl Onward {
    /// Back to what was interrupted, as the frame now says.
    pub const RESUME: Onward = Onward {
        handler: 0,
        frame: 0,
    };

    /// On to the program's handler with this frame.
    #[must_use]
    pub fn to(handler: usize, frame: &Frame) -> Onward {
        Onward {
            handler: handler as u64,
            frame: frame.start,
        }
    }
}

impl Frame {
    fn word(&self, offset: u64) -> u64 {
        // SAFETY: a word of the frame, see the invariant.
        unsafe { *((self.start + offset) as *const u64) }
    }

    fn set_word(&mut self, offset: u64, value: u64) {
        // SAFETY: a word of the frame, see the invariant.
        unsafe { *((self.start + offset) as *mut u64) = value };
    }

    /// What came with the signal.
    #[must_use]
    pub fn info(&self) -> Info {
        // SAFETY: lies in the frame, see the invariant.
        unsafe { *((self.start + INFO) as *const Info) }
    }

    /// `si_code`: above 0 for what the code itself has done, else somebody sent the signal.
    #[must_use]
    pub fn code(&self) -> i32 {
        self.word(INFO + 8) as u32 as i32
    }

    /// `si_addr`.
    #[must_use]
    pub fn address(&self) -> u64 {
        self.word(INFO + 16)
    }

    /// The system call that a SIGSYS is about: `si_syscall`.
    #[must_use]
    pub fn refused_call(&self) -> i32 {
        self.word(INFO + 24) as u32 as i32
    }

    /// A general register.
    #[must_use]
    pub fn general(&self, register: General) -> u64 {
        self.word(CONTEXT + GREGS + 8 * register.0 as u64)
    }

    /// Everything that the kernel keeps of the interrupted code's registers but for vectors.
    #[must_use]
    pub fn all_general(&self) -> [u64; 23] {
        core::array::from_fn(|index| self.word(CONTEXT + GREGS + 8 * index as u64))
    }

    /// Changes a general register of the interrupted code.
    pub fn set_general(&mut self, register: General, value: u64) {
        self.set_word(CONTEXT + GREGS + 8 * register.0 as u64, value);
    }

    /// The registers that unwinding needs.
    #[must_use]
    pub fn registers(&self) -> Registers {
        Registers {
            ip: self.general(General(libc::REG_RIP)),
            sp: self.general(General(libc::REG_RSP)),
            bp: self.general(General(libc::REG_RBP)),
        }
    }

    /// Whether a page fault was a write; `None` where it was no page fault.
    #[must_use]
    pub fn was_write(&self) -> Option<bool> {
        const PAGE_FAULT: u64 = 14;
        const WRITE: u64 = 2;
        let is_page_fault = self.general(General(libc::REG_TRAPNO)) == PAGE_FAULT;
        is_page_fault.then(|| self.general(General(libc::REG_ERR)) & WRITE != 0)
    }

    /// The mask that holds again when the handler returns.
    #[must_use]
    pub fn mask(&self) -> Set {
        Set(self.word(CONTEXT + MASK))
    }

    /// Changes that.
    pub fn set_mask(&mut self, mask: Set) {
        self.set_word(CONTEXT + MASK, mask.0);
    }

    /// The alternate stack that was set when the signal came.
    #[must_use]
    pub fn alternate_stack(&self) -> AlternateStack {
        AlternateStack {
            start: self.word(CONTEXT + STACK),
            flags: self.word(CONTEXT + STACK + 8) as u32 as i32,
            bytes: self.word(CONTEXT + STACK + 16),
        }
    }

    /// Whether the kernel changed to the alternate stack for this frame.
    #[must_use]
    pub fn is_on_other_stack(&self) -> bool {
        let stack = self.alternate_stack();
        stack.contains(self.start) && !stack.contains(self.registers().sp)
    }

    /// Address and bytes of what the floating point and vector registers were saved in.
    fn floats(&self) -> (u64, u64) {
        const MAGIC: u32 = 0x4650_5853;
        const LEGACY_BYTES: u64 = 512;
        let at = self.word(CONTEXT + FLOATS);
        if at == 0 {
            return (0, 0);
        }
        // SAFETY: the kernel saved at least the 512 bytes of the legacy area there; its words from
        // 464 on say how many bytes it is in all, after a magic number.
        let [magic, bytes] = unsafe { *((at + 464) as *const [u32; 2]) };
        match magic {
            MAGIC => (at, u64::from(bytes)),
            _ => (at, LEGACY_BYTES),
        }
    }

    /// A lane of a vector register: `register` counts from xmm0, ymm0 and zmm0 alike; the first
    /// `lane * bytes` bytes of it are passed over. `None` where it was not saved.
    #[must_use]
    pub fn vector_lane(&self, register: usize, lane: usize, bytes: usize) -> Option<u64> {
        let (at, all_bytes) = self.floats();
        let byte = lane * bytes;
        let place = VectorPlace::of(register, byte)?;
        if at == 0 || place.offset + bytes as u64 > all_bytes {
            return None;
        }
        if let Some(component) = place.component {
            // SAFETY: more than the legacy area was saved: its header begins with which components are
            // there; others hold zero.
            let present = unsafe { *((at + 512) as *const u64) };
            if present & (1 << component) == 0 {
                return Some(0);
            }
        }
        let lane_at = at + place.offset;
        // SAFETY: inside what was saved, as compared above.
        Some(unsafe {
            match bytes {
                4 => u64::from(*(lane_at as *const u32)),
                _ => *(lane_at as *const u64),
            }
        })
    }

    /// A copy of the frame for a handler on another stack, whose free part is `room`, as the kernel would
    /// have made it there. `None` where it does not fit, or the stack cannot be written.
    #[must_use]
    pub fn moved(&self, room: Range<u64>) -> Option<Frame> {
        let top = room.end;
        let (floats, floats_bytes) = self.floats();
        let new_floats = top.checked_sub(floats_bytes)? & !63;
        // Where a handler begins, the stack pointer is 8 off a multiple of 16, as after a call.
        let start = (new_floats.checked_sub(FRAME_BYTES)? & !15).checked_sub(8)?;
        if start < room.start || !make_writable(start..top) {
            return None;
        }
        // SAFETY: the new place was just written to, and is free; the old one is this frame, which lies
        // on another stack.
        unsafe {
            core::ptr::copy(
                self.start as *const u8,
                start as *mut u8,
                FRAME_BYTES as usize,
            );
            core::ptr::copy(
                floats as *const u8,
                new_floats as *mut u8,
                floats_bytes as usize,
            );
        }
        let mut frame = Frame { start };
        if floats != 0 {
            frame.set_word(CONTEXT + FLOATS, new_floats);
        }
        Some(frame)
    }

    /// The frame where it is.
    #[must_use]
    pub fn stay(&self) -> Frame {
        Frame { start: self.start }
    }

    /// Where the interrupted code's stack is free, as far as can be told.
    #[must_use]
    pub fn free_stack(&self) -> Range<u64> {
        0..self.registers().sp.saturating_sub(RED_ZONE_BYTES)
    }
}

/// Where a part of a vector register is saved, in the standard form of XSAVE that signal frames have.
struct VectorPlace {
    offset: u64,
    /// The state component; `None` for the legacy area.
    component: Option<u32>,
}

impl VectorPlace {
    fn of(register: usize, byte: usize) -> Option<VectorPlace> {
        const XMM: u64 = 160;
        const AVX: u32 = 2;
        const ZMM_UPPER: u32 = 6;
        const ZMM_HIGH: u32 = 7;
        let (register_at, byte_at) = (register as u64, byte as u64);
        let in_component = |component: u32, inside: u64| VectorPlace {
            // Leaf 13 says for each component where it begins.
            offset: u64::from(x86_64::__cpuid_count(0xd, component).ebx) + inside,
            component: Some(component),
        };
        match (register, byte) {
            (0..16, 0..16) => Some(VectorPlace {
                offset: XMM + register_at * 16 + byte_at,
                component: None,
            }),
            (0..16, 16..32) => Some(in_component(AVX, register_at * 16 + byte_at - 16)),
            (0..16, 32..64) => Some(in_component(ZMM_UPPER, register_at * 32 + byte_at - 32)),
            (16..32, 0..64) => Some(in_component(ZMM_HIGH, (register_at - 16) * 64 + byte_at)),
            _ => None,
        }
    }
}

/// Bytes that XSAVE writes with all components that are switched on.
#[must_use]
pub fn xsave_bytes() -> u64 {
    u64::from(x86_64::__cpuid_count(0xd, 0).ebx)
}

/// What runs where the kernel enters.
#[derive(Clone, Copy, Debug)]
pub struct Handler {
    /// Gives a thread that has none its own stack; runs on the program's, so it needs little of it.
    pub prepare: fn(),
    /// Decides what a signal comes to, on that stack.
    pub decide: fn(signal: i32, frame: &mut Frame) -> Onward,
}

/// What [`deciding_action`] was given last. Set once, before the first signal can come.
static HANDLER: AtomicPtr<Handler> = AtomicPtr::new(core::ptr::null_mut());

/// The action that has signals decided on by `handler`, with all other signals blocked but these two: a
/// fault in the handler itself is to be noticed and not to kill silently.
#[must_use]
pub fn deciding_action(handler: &'static Handler, restorer: u64, unblocked: Set) -> Action {
    HANDLER.store(core::ptr::from_ref(handler).cast_mut(), Ordering::Release);
    Action {
        handler: entry as *const () as usize,
        flags: super::signal::SA_RESTORER
            | (libc::SA_SIGINFO | libc::SA_ONSTACK | libc::SA_NODEFER) as u64,
        restorer: restorer as usize,
        mask: Set::ALL.without(unblocked),
    }
}

/// Whether an action is that of [`deciding_action`].
#[must_use]
pub fn is_deciding(action: &Action) -> bool {
    action.handler == entry as *const () as usize
}

fn handler() -> Option<&'static Handler> {
    // SAFETY: null, or a handler that lives forever.
    unsafe { HANDLER.load(Ordering::Acquire).as_ref() }
}

unsafe extern "C" fn call_prepare() {
    if let Some(handler) = handler() {
        (handler.prepare)();
    }
}

unsafe extern "C" fn call_decide(signal: i32, _info: u64, context: u64) -> Onward {
    // The kernel hands over the address of the ucontext, which lies 8 bytes into the frame.
    let mut frame = Frame {
        start: context - CONTEXT,
    };
    handler().map_or(Onward::RESUME, |handler| {
        (handler.decide)(signal, &mut frame)
    })
}

/// Where the kernel enters. The stack here is the program's, or its alternate one, of which there may be
/// next to nothing left: not a byte of it is used by a thread that has a stack of LDT's. The callee-saved
/// registers are free for use: the kernel puts the interrupted ones back.
#[unsafe(naked)]
unsafe extern "C" fn entry() {
    naked_asm!(
        "mov rbp, rsp",
        "mov r12d, edi",
        "mov r13, rdx",
        "mov rbx, qword ptr fs:[0]",
        "add rbx, qword ptr [rip + ldt_signal_slot@GOTTPOFF]",
        "cmp qword ptr [rbx], 0",
        "jne 2f",
        "and rsp, -16",
        "call {prepare}",
        "mov rsp, rbp",
        "2:",
        "mov rcx, qword ptr [rbx]",
        "test rcx, rcx",
        "jz 4f",
        // On it already: a fault while the program's handler for another signal runs there.
        "cmp rsp, qword ptr [rbx + 8]",
        "jb 3f",
        "cmp rsp, rcx",
        "jb 4f",
        "3:",
        "mov rsp, rcx",
        "4:",
        "and rsp, -16",
        "mov edi, r12d",
        "mov rdx, r13",
        "call {decide}",
        "test rax, rax",
        "jnz 5f",
        "mov rsp, rbp",
        "ret",
        // On to the program's handler, as if the kernel had come here.
        "5:",
        "mov rsp, rdx",
        "mov r11, rax",
        "mov edi, r12d",
        "lea rsi, [rsp + {info}]",
        "lea rdx, [rsp + {context}]",
        "xor eax, eax",
        "jmp r11",
        prepare = sym call_prepare,
        decide = sym call_decide,
        info = const INFO,
        context = const CONTEXT,
    )
}
