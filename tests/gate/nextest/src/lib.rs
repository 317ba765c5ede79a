//! Two tests, one of which loses a block.

#[test]
fn leaking() {
    std::hint::black_box(Box::into_raw(Box::new([7u8; 100])));
}

#[test]
fn clean() {
    std::hint::black_box(Box::new([7u8; 100]));
}
