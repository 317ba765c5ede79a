// LDT: allocations=0 frees=0
// What the Rust runtime itself does.
fn main() {}
