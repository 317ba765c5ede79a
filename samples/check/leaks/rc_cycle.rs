// LEAKS: definite=132/2 indirect=32/1
// Two Rcs that hold one another, and a vector that is forgotten.
use std::cell::RefCell;
use std::hint::black_box;
use std::rc::Rc;

struct Node {
    next: RefCell<Option<Rc<Node>>>,
}

struct Data {
    _bytes: Vec<u8>,
}

#[inline(never)]
fn lose() {
    let first = Rc::new(Node {
        next: RefCell::new(None),
    });
    let second = Rc::new(Node {
        next: RefCell::new(Some(first.clone())),
    });
    if !cfg!(clean) {
        *first.next.borrow_mut() = Some(second.clone());
        let data = Data {
            _bytes: vec![1; 100],
        };
        black_box(&data);
        std::mem::forget(data);
    }
}

fn main() {
    lose();
}
