// CHECK: kind=heap-buffer-overflow access=write size=1 offset=64 block=64 fault=main guard=all,adaptive
// Unsafe Rust writes past the end of a vector.
fn main() {
    let mut numbers = vec![0u8; 64];
    let past = if cfg!(clean) { 63 } else { 64 };
    // SAFETY: none: this is the error.
    unsafe { numbers.as_mut_ptr().add(past).write_volatile(1) };
}
