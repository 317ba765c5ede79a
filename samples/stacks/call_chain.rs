// LDT: allocations=1 bytes=54321
// One block at the end of a chain of Rust calls: a generic, a trait object, a closure.
use std::hint::black_box;

trait Clerk {
    fn serve(&self, size: usize) -> usize;
}

struct Shelf<T>(T);

impl<T: Copy + Into<usize>> Clerk for Shelf<T> {
    #[inline(never)]
    fn serve(&self, size: usize) -> usize {
        let block = Vec::<u8>::with_capacity(size + self.0.into());
        let capacity = black_box(&block).capacity();
        std::mem::forget(block);
        black_box(capacity)
    }
}

#[inline(never)]
fn outermost(clerk: &dyn Clerk, size: usize) -> usize {
    let closure = |extra: usize| black_box(clerk.serve(size + extra)) + 1;
    black_box(&closure as &dyn Fn(usize) -> usize)(300) + 1
}

fn main() {
    let clerk: Box<dyn Fn(usize) -> usize> = Box::new(|size| outermost(&Shelf(21u8), size));
    black_box(clerk(black_box(54000)));
}
