//! Whose function it is that comes next: the C library's (libldt.so's, for those that it wraps itself; the kernel's own,
//! for the time), whose story is known, or one that a library of the program's brings under the same name.

use core::ffi::c_void;

use crate::heap;

/// glibc's `struct dl_find_object`, as of 2.35.
#[repr(C)]
struct Object {
    flags: u64,
    start: u64,
    end: u64,
    map: u64,
    unwind: u64,
    reserved: [u64; 7],
}

unsafe extern "C" {
    fn _dl_find_object(address: *mut c_void, found: *mut Object) -> i32;
}

/// The addresses of the object that one lies in: none where no object does.
fn bounds_around(address: *mut c_void) -> (u64, u64) {
    let mut found = core::mem::MaybeUninit::<Object>::zeroed();
    // SAFETY: it fills a record of that layout, which is valid as zeros too.
    unsafe {
        if _dl_find_object(address, found.as_mut_ptr()) == 0 {
            let found = found.assume_init();
            (found.start, found.end)
        } else {
            (0, 0)
        }
    }
}

/// The objects whose functions are known.
#[derive(Debug)]
pub(crate) struct Origins {
    objects: [(u64, u64); 3],
}

impl Origins {
    pub(crate) fn known() -> Origins {
        let library = libc::gnu_get_libc_version as *mut c_void;
        // SAFETY: reads the auxiliary vector.
        let kernel = unsafe { libc::getauxval(libc::AT_SYSINFO_EHDR) } as *mut c_void;
        Origins {
            objects: [library, heap::code(), kernel].map(bounds_around),
        }
    }

    pub(crate) fn has(&self, function: *mut c_void) -> bool {
        let address = function as u64;
        let [library, ours, kernel] = self.objects;
        [library, ours, kernel]
            .iter()
            .any(|&(start, end)| (start..end).contains(&address))
    }
}
