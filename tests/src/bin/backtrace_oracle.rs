//! A program that tells its own call stack: it prints what the `backtrace` crate sees, one function a
//! line, innermost first, and then allocates [`SIZE`] bytes at the same place. `tests/stacks.rs`
//! compares that with the stack that LDT captured for the block.
#![forbid(unsafe_code)]

use std::hint::black_box;

/// Bytes of the one block that counts; nothing else allocates as many.
const SIZE: usize = 54_321;

fn main() {
    let visitors: Vec<Box<dyn Visit>> = vec![Box::new(Walker(3)), Box::new(Jumper)];
    black_box(visit_all(&visitors, 4));
}

trait Visit {
    fn visit(&self, others: &[Box<dyn Visit>], left: usize) -> usize;
}

struct Walker(usize);
struct Jumper;

impl Visit for Walker {
    #[inline(never)]
    fn visit(&self, others: &[Box<dyn Visit>], left: usize) -> usize {
        let deeper = |left: usize| black_box(visit_all(others, left)) + self.0;
        black_box(deeper(left))
    }
}

impl Visit for Jumper {
    #[inline(never)]
    fn visit(&self, others: &[Box<dyn Visit>], left: usize) -> usize {
        black_box(
            others
                .iter()
                .take(1)
                .map(|other| other.visit(others, left))
                .sum::<usize>(),
        )
    }
}

#[inline(never)]
fn visit_all(visitors: &[Box<dyn Visit>], left: usize) -> usize {
    if left == 0 {
        return black_box(tell_and_allocate());
    }
    black_box(visitors[left % visitors.len()].visit(visitors, left - 1)) + 1
}

#[inline(never)]
fn tell_and_allocate() -> usize {
    let mut functions = Vec::new();
    backtrace::trace(|frame| {
        backtrace::resolve_frame(frame, |symbol| {
            functions.push(
                symbol
                    .name()
                    .map_or("?".to_owned(), |name| format!("{name:#}")),
            );
        });
        true
    });
    for function in functions {
        println!("{function}");
    }
    let block = Vec::<u8>::with_capacity(SIZE);
    black_box(&block).capacity()
}
