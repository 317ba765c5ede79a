//! How long the heap of check mode takes: nanoseconds for one allocation with its release.
//!
//! `cargo run --release -p ldt-engine --example heap -- [off|adaptive|all] [size]`

use std::time::Instant;

use ldt_engine::blocks::{self, Config, Damage, Found, Free, Misuse, Request, ThreadHeap, Zeroed};
use ldt_engine::options::{GuardChoice, GuardMethodChoice, GuardSideChoice};
use ldt_trace::finding::Use;
use ldt_trace::{Function, NodeId};

struct Nothing;

impl Found for Nothing {
    fn misuse(&mut self, misuse: &Misuse) {
        println!("{misuse:?}");
    }

    fn damage(&mut self, damage: &Damage<'_>) {
        println!("{damage:?}");
    }
}

fn main() {
    let mut arguments = std::env::args().skip(1);
    let guard = match arguments.next().as_deref() {
        Some("all") => GuardChoice::All,
        Some("adaptive") => GuardChoice::Adaptive,
        _ => GuardChoice::Off,
    };
    let size = arguments.next().and_then(|text| text.parse().ok());
    let config = Config {
        guard,
        guard_side: GuardSideChoice::Alternate,
        guard_method: GuardMethodChoice::Auto,
        guard_memory_bytes: None,
        quarantine_bytes: 64 << 20,
        redzone_bytes: 16,
        malloc_fill: None,
        free_fill: None,
        seed: 1,
        exact: false,
    };
    if !blocks::start(&config) {
        println!("there is no memory to work with");
        return;
    }
    let mut heap = ThreadHeap::new();
    let allocated = Use {
        thread: 0,
        function: Function::Malloc,
        stack: NodeId(7),
    };
    let free = Free {
        freed: Use {
            function: Function::Free,
            ..allocated
        },
        size: None,
        alignment: None,
    };
    let mut random = 88_172_645_463_325_252u64;
    let mut live = vec![0u64; 4096];
    let events = if guard == GuardChoice::All {
        200_000
    } else {
        10_000_000
    };
    let begin = Instant::now();
    for event in 0..events {
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        let place = &mut live[event % 4096];
        if *place != 0 {
            heap.release(*place, &free, &mut Nothing);
        }
        let request = Request {
            size: size.unwrap_or(8 + (random >> 40) % 120),
            alignment: 1,
            zeroed: Zeroed::No,
            allocated,
        };
        *place = heap.allocate(&request, &mut Nothing) as u64;
    }
    let ns = begin.elapsed().as_nanos() as f64 / events as f64;
    println!("{ns:.1} ns a block; {:?}", blocks::figures());
}
