// CHECK: kind=heap-use-after-free access=read size=8 offset=0 block=8 fault=main guard=all,adaptive
// A raw pointer outlives its box.
fn main() {
    let number = Box::new(7u64);
    let pointer: *const u64 = &raw const *number;
    if !cfg!(clean) {
        drop(number);
        // SAFETY: none: this is the error.
        let _ = unsafe { pointer.read_volatile() };
    } else {
        // SAFETY: the box is alive.
        let _ = unsafe { pointer.read_volatile() };
        drop(number);
    }
}
