//! Work that needs more stack than a thread may have left: `PTHREAD_STACK_MIN` is 16 KiB, of which thread-local
//! variables and the program take their part.

use core::arch::naked_asm;
use core::ffi::c_void;

use super::mem;

/// Bytes of the stack that the work gets; only what it uses is ever touched.
const BYTES: usize = 64 << 10;

struct Job<F, R> {
    work: Option<F>,
    result: Option<R>,
}

/// Runs `work` on a stack of its own, or on the caller's where the kernel has no memory for one.
pub fn with_room<R>(work: impl FnOnce() -> Option<R>) -> Option<R> {
    let mut job = Job {
        work: Some(work),
        result: None,
    };
    run_on_own(&mut job);
    match job.work {
        Some(work) => work(),
        None => job.result,
    }
}

/// The same for work that gives nothing.
pub fn run_with_room(work: impl FnOnce()) {
    let _ = with_room(|| {
        work();
        Some(())
    });
}

fn run_on_own<F: FnOnce() -> Option<R>, R>(job: &mut Job<F, R>) {
    let Some(memory) = mem::allocate(BYTES) else {
        return;
    };
    // SAFETY: the job outlives the call, and the memory, whose end is aligned to a page, is nobody else's.
    unsafe {
        call_on(
            core::ptr::from_mut(job).cast(),
            run::<F, R>,
            memory.add(BYTES),
        );
        mem::release(memory, BYTES);
    }
}

/// # Safety
/// `job` is an exclusive pointer to a `Job` of these types.
unsafe extern "C" fn run<F: FnOnce() -> Option<R>, R>(job: *mut c_void) {
    // SAFETY: by this function's contract.
    let job = unsafe { &mut *job.cast::<Job<F, R>>() };
    job.result = job.work.take().and_then(|work| work());
}

/// Calls `run(job)` with the stack pointer at `top`. What the program has in registers is kept on its own stack, where a
/// leak check looks for it.
///
/// # Safety
/// `top` ends memory that nobody else uses, and is a multiple of 16; `run` may be called with `job`.
#[unsafe(naked)]
unsafe extern "C" fn call_on(
    job: *mut c_void,
    run: unsafe extern "C" fn(*mut c_void),
    top: *mut u8,
) {
    naked_asm!(
        ".cfi_startproc",
        crate::push!("rbp"),
        "mov rbp, rsp",
        ".cfi_def_cfa_register rbp",
        ".cfi_offset rbp, -16",
        "push rbx",
        "push r12",
        "push r13",
        "push r14",
        "push r15",
        "mov rsp, rdx",
        "call rsi",
        // The callee has kept all of them.
        "mov rsp, rbp",
        "pop rbp",
        ".cfi_def_cfa rsp, 8",
        ".cfi_restore rbp",
        "ret",
        ".cfi_endproc",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn work_runs_on_another_stack_and_gives_its_result() {
        let here = 0_u8;
        let given = 40_u64;
        let far = with_room(|| {
            let there = [given as u8; 48 << 10];
            let distance = core::hint::black_box(&there)
                .as_ptr()
                .addr()
                .abs_diff((&raw const here).addr());
            (distance > 16 << 10).then_some(distance as u64 + given)
        });
        assert!(far.is_some());
        assert_eq!(with_room(|| None::<u8>), None);
    }
}
