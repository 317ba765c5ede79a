// CHECK: kind=heap-buffer-overflow access=read size=1 offset=11 block=11 fault=touch detected_by=guard guard=all,adaptive watchpoints=yes
//! One byte behind a boxed slice, past the checks of the language.

#[inline(never)]
fn touch(bytes: &[u8]) -> u8 {
    let index = if cfg!(clean) { 10 } else { 11 };
    // SAFETY: there is none, that is the error.
    unsafe { core::ptr::read_volatile(bytes.as_ptr().add(index)) }
}

fn main() {
    let bytes = vec![7u8; 11].into_boxed_slice();
    println!("{}", u32::from(touch(&bytes)) < 256);
}
