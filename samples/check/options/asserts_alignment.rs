// Gives up by a panic where malloc's memory does not lie at an even address, as debug builds of hashbrown and bumpalo do
// where it does not lie at a multiple of 16.
fn main() {
    let block = vec![1u8; 3];
    assert!(block.as_ptr() as usize & 1 == 0, "it trusts in that");
}
